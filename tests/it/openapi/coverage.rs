//! `docs/api.md`: every route with what asked for it and the test that holds it.

use std::{collections::BTreeSet, env, fmt::Write, fs, path::Path};

use super::{calls, document};

/// Makes the file anew.
const BLESS: &str = "WORPEN_BLESS=1 cargo test --test it docs";

/// For each route the rows of the ledger that ask for it (`W5` ...), and the test that would fail without it.
const COVERAGE: &[(&str, &str, &str, &str)] = &[
    ("GET", "/health", "W16", "health_answers_ok_as_text"),
    ("GET", "/api/v1/health", "V14", "health_tells_in_words_and_of_the_database_by_trying_it"),
    ("GET", "/api/v1/health/database", "V14", "health_tells_in_words_and_of_the_database_by_trying_it"),
    ("GET", "/api/v1/health/redis", "V14", "health_tells_in_words_and_of_the_database_by_trying_it"),
    ("GET", "/api/v1/status", "V14", "status_and_statistics_count_what_happened"),
    ("POST", "/api/v1/backups", "X13", "a_backup_leaves_encrypted_and_is_written_down"),
    ("GET", "/api/v1/statistics", "V14", "status_and_statistics_count_what_happened"),
    ("GET", "/api/v1/statistics/commands", "V9", "statistics_tell_how_commands_went_and_where_they_failed"),
    ("GET", "/api/v1/metrics", "V14", "promtool_has_nothing_to_say_of_the_metrics"),
    (
        "GET",
        "/api/v1/dashboard/stats",
        "W1",
        "the_dashboard_tells_the_fleet_in_numbers_and_null_for_the_unknown",
    ),
    ("GET", "/api/v1/dashboard/services", "W3", "each_part_and_each_service_of_a_node_has_its_row"),
    ("GET", "/api-docs/openapi.json", "V18", "the_document_is_served_once_and_then_only_confirmed"),
    ("GET", "/api-docs", "X13", "the_page_stands_alone"),
    ("POST", "/api/v1/auth/login", "V1", "the_first_admin_signs_in_with_the_password_of_the_file"),
    ("POST", "/api/auth/login", "X13", "a_wrong_password_and_an_unknown_user_get_one_answer"),
    ("POST", "/api/v1/auth/logout", "X13", "signing_out_ends_the_session_at_the_server"),
    ("GET", "/api/v1/auth/me", "V1", "the_first_admin_signs_in_with_the_password_of_the_file"),
    ("POST", "/api/v1/auth/keys", "X13", "a_key_never_rises_above_its_holder_and_ends_when_revoked"),
    ("GET", "/api/v1/auth/keys", "X13", "what_each_call_answers_is_what_the_document_says"),
    (
        "POST",
        "/api/v1/auth/keys/{id}/rotate",
        "X13",
        "a_rotated_key_keeps_its_rights_and_its_secret_before_for_as_long_as_told",
    ),
    ("DELETE", "/api/v1/auth/keys/{id}", "X13", "a_key_never_rises_above_its_holder_and_ends_when_revoked"),
    ("GET", "/api/v1/users", "V1", "what_each_call_answers_is_what_the_document_says"),
    ("POST", "/api/v1/users", "V1", "what_each_call_answers_is_what_the_document_says"),
    (
        "POST",
        "/api/v1/users/{id}/disable",
        "V1",
        "a_disabled_user_is_let_in_by_nothing_and_told_no_more_than_a_stranger",
    ),
    (
        "POST",
        "/api/v1/users/{id}/enable",
        "V1",
        "a_disabled_user_is_let_in_by_nothing_and_told_no_more_than_a_stranger",
    ),
    ("PUT", "/api/v1/users/{id}/role", "V1", "another_role_counts_at_once_for_every_token_and_key"),
    ("PUT", "/api/v1/users/{id}/password", "V1", "a_new_password_ends_whatever_the_one_before_let_in"),
    ("POST", "/api/v1/users/{id}/sign-out", "V1", "signing_out_ends_the_session_at_the_server"),
    ("GET", "/api/v1/audit", "V4", "the_log_is_listed_newest_first_and_by_what_is_asked_for"),
    ("GET", "/api/v1/audit/export", "V4", "a_log_that_nobody_touched_is_sound_with_and_without_a_server"),
    ("POST", "/api/v1/invitations", "V7", "of_many_nodes_that_spend_one_invitation_one_joins"),
    ("POST", "/api/v1/join", "V7", "of_many_nodes_that_spend_one_invitation_one_joins"),
    (
        "POST",
        "/api/v1/certificates",
        "V4",
        "an_agent_whose_certificate_ended_comes_back_on_its_own_keys_word",
    ),
    ("GET", "/api/v1/trust", "V4", "the_authority_rotates_under_a_live_fleet"),
    ("POST", "/api/v1/trust/{kind}", "V4", "the_authority_rotates_under_a_live_fleet"),
    ("GET", "/ws/agent", "V6", "a_repeated_frame_changes_nothing"),
    ("POST", "/api/v1/internal/heartbeat", "W7", "an_agent_lives_by_its_heartbeats_alone"),
    ("GET", "/api/v1/agents", "W5 V7", "pages_of_a_sorted_list_are_the_whole_list"),
    ("GET", "/api/v1/statistics/agents", "V7", "statistics_count_what_the_lists_show"),
    ("POST", "/api/v1/agents/sync", "W6", "sync_asks_who_is_linked_and_names_who_is_not"),
    (
        "PUT",
        "/api/v1/agents/{id}/status",
        "V8",
        "maintenance_holds_over_link_loss_and_restart_until_it_is_ended",
    ),
    ("GET", "/api/v1/agents/{id}", "W5", "a_measurement_from_the_spool_does_not_pass_for_the_latest"),
    ("GET", "/api/v1/agents/{id}/telemetry", "V8 V12", "a_repeated_frame_changes_nothing"),
    ("GET", "/api/v1/agents/{id}/health", "V8", "what_each_call_answers_is_what_the_document_says"),
    ("POST", "/api/v1/agents/{id}/revoke", "V7", "a_revoked_agent_is_heard_no_more_within_a_second"),
    (
        "POST",
        "/api/v1/agents/{id}/replacement",
        "V7",
        "a_machine_built_anew_takes_the_place_of_the_one_before",
    ),
    ("DELETE", "/api/v1/agents/{id}", "V7", "a_removed_agent_is_cut_off_and_its_id_never_comes_back"),
    ("GET", "/api/v1/containers", "W8", "a_repeated_frame_changes_nothing"),
    ("GET", "/api/v1/containers/{id}", "W8", "what_memory_holds_is_what_a_restarted_server_reads"),
    ("POST", "/api/v1/containers/{id}/start", "W9", "a_command_that_waits_is_sent_when_the_node_links"),
    ("POST", "/api/v1/containers/{id}/stop", "W9", "the_log_tells_a_command_with_its_causes"),
    ("POST", "/api/v1/containers/{id}/restart", "W9", "what_each_call_answers_is_what_the_document_says"),
    ("DELETE", "/api/v1/containers/{id}", "W9", "what_each_call_answers_is_what_the_document_says"),
    ("GET", "/api/v1/containers/{id}/logs", "W8", "a_log_is_what_the_container_wrote"),
    ("GET", "/api/v1/containers/{id}/stats", "W8", "what_a_container_uses_is_measured_on_its_node"),
    ("GET", "/api/v1/containers/{id}/inspect", "W8", "viewers_see_no_values_of_the_environment"),
    ("GET", "/api/v1/images", "W10", "containers_and_images_are_selected_and_sorted_too"),
    ("POST", "/api/v1/images/pull", "W10", "an_image_comes_from_a_registry_and_its_progress_is_seen"),
    ("POST", "/api/v1/docker/prune", "W10", "what_has_no_name_and_no_user_goes"),
    ("POST", "/api/v1/commands", "V9", "a_command_reaches_a_foreign_agent_once_and_its_answer_is_the_result"),
    ("GET", "/api/v1/commands", "V9", "commands_are_listed_newest_first_by_status_agent_and_verb"),
    ("GET", "/api/v1/telemetry/latest", "V8 V12", "the_latest_of_a_site_is_told_page_after_page"),
    ("GET", "/api/v1/telemetry/history", "V8 V12", "a_range_is_the_same_before_and_after_sealing"),
    ("GET", "/api/v1/telemetry/analytics", "V8 V12", "figures_and_trend_follow_from_what_was_measured"),
    ("GET", "/api/v1/telemetry/metrics", "V12", "every_metric_is_listed_and_can_be_asked_for"),
    ("GET", "/api/v1/dashboard/network", "W2", "traffic_is_the_sum_of_rates_and_gaps_are_null"),
    ("GET", "/api/v1/commands/{id}", "V9", "a_command_that_nobody_took_expires"),
    (
        "POST",
        "/api/v1/commands/{id}/cancel",
        "V9",
        "what_no_node_has_is_stopped_at_once_and_what_one_has_by_the_node",
    ),
    (
        "POST",
        "/api/v1/commands/{id}/retry",
        "V9",
        "a_failure_is_tried_again_where_that_is_harmless_and_only_as_often_as_was_said",
    ),
    (
        "GET",
        "/api/v1/commands/{id}/output",
        "V10",
        "what_is_printed_is_kept_before_it_is_acknowledged_and_told_with_its_holes",
    ),
    ("GET", "/api/v1/verbs", "V9", "verbs_are_listed_with_their_schema_and_who_knows_them"),
    ("POST", "/api/v1/plans", "V10", "a_plan_sends_nothing_and_is_applied_once"),
    ("GET", "/api/v1/plans/{id}", "V10", "a_plan_sends_nothing_and_is_applied_once"),
    ("POST", "/api/v1/plans/{id}/apply", "V10", "a_plan_is_refused_when_its_targets_changed"),
    ("POST", "/api/v1/schedules", "V9", "a_schedule_gives_its_command_when_its_time_comes"),
    ("GET", "/api/v1/schedules", "V9", "schedules_are_made_paused_listed_and_removed"),
    ("GET", "/api/v1/schedules/{id}", "V9", "schedules_are_made_paused_listed_and_removed"),
    ("POST", "/api/v1/schedules/{id}/pause", "V9", "schedules_are_made_paused_listed_and_removed"),
    ("DELETE", "/api/v1/schedules/{id}", "V9", "schedules_are_made_paused_listed_and_removed"),
    ("GET", "/api/v1/events/history", "X4", "the_log_tells_a_command_with_its_causes"),
    ("GET", "/api/events/history", "X4", "what_each_call_answers_is_what_the_document_says"),
    (
        "GET",
        "/api/v1/events/subscribe",
        "X4",
        "a_watcher_from_the_beginning_sees_every_event_once_and_in_order",
    ),
    ("GET", "/api/events/subscribe", "X4", "what_each_call_answers_is_what_the_document_says"),
    ("GET", "/api/v1/windows", "W5 W8 W10", "a_window_shows_the_rows_and_then_what_changes_in_them"),
];

#[test]
fn docs_are_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api.md");
    let fresh = table();
    if env::var_os("WORPEN_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &fresh).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == fresh, "docs/api.md is stale; run:\n{BLESS}");
}

#[test]
fn every_test_that_the_docs_name_exists() {
    let mut sources = String::new();
    read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it"), &mut sources);
    for (method, path, _, test) in COVERAGE {
        assert!(sources.contains(&format!("fn {test}()")), "{method} {path}: there is no test {test}");
    }
}

fn read_all(folder: &Path, sources: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_all(&path, sources);
        } else if path.extension().is_some_and(|end| end == "rs") {
            sources.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}

fn table() -> String {
    let document = document();
    let mut text = format!(
        "# The API\n\nMade from the same description that a server shows at `/api-docs` and serves to programs at \
         `/api-docs/openapi.json`.\nDo not edit; `{BLESS}` makes it anew, and a test fails while it is stale.\n\n\
         Who may: each role may do what the roles before it may (viewer, operator, admin). Rows: what the ledger of \
         the source\ndocuments asks for. Test: the one that fails without the route.\n"
    );
    let calls = calls(&document);
    for tag in document["tags"].as_array().unwrap() {
        let noun = tag["name"].as_str().unwrap();
        writeln!(text, "\n## {noun}\n\n{}\n", tag["description"].as_str().unwrap()).unwrap();
        text.push_str("| call | who may | what it does | rows | test |\n|---|---|---|---|---|\n");
        for (method, path, call) in calls.iter().filter(|(_, _, call)| call["tags"][0] == noun) {
            let summary = call["x-alias-of"].as_str().map_or_else(
                || call["summary"].as_str().unwrap().to_owned(),
                |path| format!("The same as `{path}`."),
            );
            let covered = COVERAGE.iter().find(|row| (row.0, row.1) == (method.as_str(), *path));
            let (_, _, rows, test) = covered
                .unwrap_or_else(|| panic!("{method} {path} needs its row in tests/it/openapi/coverage.rs"));
            let who = call["x-access"].as_str().unwrap();
            writeln!(text, "| `{method} {path}` | {who} | {summary} | {rows} | `{test}` |").unwrap();
        }
    }
    let known: BTreeSet<(&str, &str)> =
        calls.iter().map(|(method, path, _)| (method.as_str(), *path)).collect();
    for (method, path, ..) in COVERAGE {
        assert!(known.contains(&(*method, *path)), "{method} {path} is no route any more");
    }
    text
}
