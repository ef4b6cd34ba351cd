//! The stories below `tests/scripts`: every `.txt` must give the `.out` beside it.
//! `UPDATE_EXPECT=1` rewrites them.

use std::path::Path;

#[test]
fn the_stories_go_as_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts");
    let mut stories: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "txt"))
        .collect();
    stories.sort();
    assert!(stories.len() >= 10, "the stories are found");
    for story in stories {
        let transcript = ligato_testkit::run_script(&std::fs::read_to_string(&story).unwrap());
        expect_test::expect_file![story.with_extension("out")].assert_eq(&transcript);
        assert!(!transcript.contains("!!!"), "{}: {transcript}", story.display());
    }
}
