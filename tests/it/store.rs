//! The store: one suite that every engine passes, and what survives a crash.

mod arbitrary;
mod changes;
mod commits;
mod durability;
mod engine;
mod foreign;
mod kept;
pub(crate) mod power;
mod round_trips;
mod samples;
mod samples_killed;
mod samples_sealed;
mod schedule_killed;
mod sqlite;
mod tables;

/// Runs every behaviour against an engine.
macro_rules! conformance {
    ($engine:ident: $($area:ident::{$($behaviour:ident),* $(,)?}),* $(,)?) => {
        mod $engine {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    super::super::$area::$behaviour(&super::super::engine::$engine()).await;
                }
            )*)*
        }
    };
    ($($engine:ident),*) => {$(
        conformance! { $engine:
            commits::{
                a_guard_that_does_not_hold_writes_nothing,
                a_broken_constraint_is_a_conflict_of_its_statement,
                conflicts_leave_no_hole_in_the_sequences,
                a_conflict_does_not_touch_its_neighbours,
                a_statement_that_cannot_run_fails_its_caller_alone,
                events_come_in_order_and_before_the_answer,
                the_audit_chain_shows_an_edit,
                reads_see_what_was_acknowledged,
                reopening_goes_on_with_the_next_sequence,
                what_was_queued_is_finished_before_the_store_closes,
            },
            foreign::{
                a_token_finds_its_agent_until_it_is_forgotten,
                commands_are_listed_from_the_newest,
                a_page_of_commands_ends_where_it_weighs_too_much,
                a_rare_command_is_found_page_by_page,
                whether_a_target_is_plain_is_read_with_its_executions,
            },
            kept::{
                plans_read_back_and_go_by_number_and_age,
                schedules_read_back_and_come_by_their_time,
                commands_that_ended_go_from_the_oldest,
            },
            round_trips::{
                users_read_back,
                keys_read_back,
                an_invitation_reads_back,
                agents_read_back,
                inventory_reads_back,
                commands_read_back,
                open_executions_come_oldest_first,
                an_idempotency_claim_reads_back,
                events_read_back_in_order_and_filtered,
                audit_entries_read_back,
                a_row_that_cannot_be_read_says_where,
            },
        }
    )*};
}

mod conforms {
    conformance!(sqlite_engine);
}
