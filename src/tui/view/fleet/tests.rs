use ratatui::layout::Rect;

use super::{Layout, TILES, map_size};

#[test]
fn the_map_has_room_at_usual_sizes_and_none_where_there_is_none() {
    assert_eq!(
        [(60, 16), (80, 24), (120, 40), (200, 50)].map(map_size),
        [(29, 2), (39, 4), (29, 31), (49, 41)]
    );
    assert_eq!([(0, 0), (20, 5), (60, 8)].map(map_size), [(0, 0); 3]);
}

#[test]
fn nothing_lies_over_anything_else_at_any_size() {
    for width in 20..220 {
        for height in 5..70 {
            let layout = Layout::of((width, height));
            let area = Rect { x: 1, y: 1, width: width - 2, height: height - 2 };
            let tiles: Vec<Rect> = (0..TILES).map(|at| layout.tile(at)).collect();
            let (_, rows) = map_size((width, height));
            let lately = layout.lately(rows, area);
            for tile in &tiles {
                assert!(tile.right() <= area.right(), "{width}x{height}");
                assert!(rows == 0 || tile.bottom() <= layout.map.y, "{width}x{height}");
            }
            assert!(rows == 0 || layout.map.bottom() <= area.bottom(), "{width}x{height}");
            assert!(rows == 0 || !layout.map.intersects(lately), "{width}x{height}");
        }
    }
}
