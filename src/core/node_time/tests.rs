use super::*;

#[test]
fn an_absurd_time_is_replaced_and_a_sensible_one_kept() {
    let now: Timestamp = "2026-11-21T10:00:00.000001Z".parse().unwrap();
    for absurd in ["9999-12-30T22:00:00.999999999Z", "-000001-01-01T00:00:00Z", "2026-11-22T10:00:01Z"] {
        assert_eq!(believable(absurd.parse().unwrap(), now), now, "{absurd}");
    }
    let told: Timestamp = "2026-11-20T10:00:00.123456789Z".parse().unwrap();
    assert_eq!(believable(told, now).to_string(), "2026-11-20T10:00:00.123456Z");
}
