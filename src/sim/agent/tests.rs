use super::*;

fn size<'a, F: Future>(_: impl FnOnce(Agent, &'a World) -> F) -> usize {
    size_of::<F>()
}

#[test]
fn the_life_of_an_agent_takes_little_memory() {
    let bytes = size(Agent::live);
    assert!(bytes < 12 * 1024, "each of 100,000 agents holds {bytes} bytes for as long as it lives");
}
