use bollard::models::ProgressDetail;

use super::*;

fn says(parts: &mut Vec<Part>, id: &str, status: &str, current: i64, total: i64) -> bool {
    let progress_detail = Some(ProgressDetail { current: Some(current), total: Some(total) });
    let message = CreateImageInfo { id: Some(id.into()), progress_detail, ..CreateImageInfo::default() };
    note(parts, message, status.into())
}

#[test]
fn a_reference_without_a_tag_is_told_from_one_with_a_port() {
    for (image, bare) in [
        ("nginx", true),
        ("127.0.0.1:5000/shop/web", true),
        ("nginx:1.27", false),
        ("127.0.0.1:5000/shop/web:2", false),
        ("nginx@sha256:00", false),
    ] {
        assert_eq!(is_bare(image), bare, "{image}");
    }
}

#[test]
fn a_layer_never_falls_back() {
    let mut parts = Vec::new();
    assert!(!says(&mut parts, "latest", "Pulling from shop/web", 0, 0));
    assert!(says(&mut parts, "a", "Pulling fs layer", 0, 0));
    says(&mut parts, "a", "Downloading", 10, 100);
    assert_eq!((parts[0].done_bytes, parts[0].total_bytes), (Some(10), Some(100)));
    says(&mut parts, "a", "Download complete", 0, 0);
    says(&mut parts, "a", "Extracting", 5, 100);
    assert_eq!((parts[0].done_bytes, parts[0].status.as_str()), (Some(100), "Extracting"));
    says(&mut parts, "b", "Already exists", 0, 0);
    assert_eq!((parts[1].done_bytes, parts[1].total_bytes), (None, None));
}
