//! What the original reaches on the same workloads (printing off), to stand beside ours.

/// The original's figure, if it was measured.
pub(crate) fn figure(name: &str, size: usize) -> Option<&'static str> {
    let at = match size {
        1_000 => 0,
        10_000 => 1,
        100_000 => 2,
        _ => return None,
    };
    let row: [&'static str; 3] = match name {
        "a" => ["0.0154 s", "0.240 s", "18.3 s"],
        "a-chunk" => ["", "", "1.70 s"],
        "b1 pending" => ["0.0219 s", "0.76 s", "176 s"],
        "b1 resolve" => ["0.0364 s", "0.61 s", "37.4 s"],
        "b2" => ["0.0661 s", "2.28 s", ""],
        "c1" => ["0.0574 s", "1.58 s", "345 s"],
        "c2 base" => ["0.0070 s", "0.081 s", "1.79 s"],
        "c2 routes" => ["0.0324 s", "0.466 s", "30.4 s"],
        "c2-chunk base" => ["", "", "0.89 s"],
        "c2-chunk routes" => ["", "", "12.6 s"],
        "d create" => ["46 / 152 us", "58 / 104 us", "336 / 525 us"],
        "d update" => ["31 / 111 us", "33 / 66 us", "32 / 77 us"],
        "d noop" => ["24 / 70 us", "25 / 50 us", "30 / 57 us"],
        "d delete" => ["54 / 89 us", "54 / 90 us", "59 / 104 us"],
        "d if-delete" => ["181 / 265 us", "203 / 850 us", "200 / 378 us"],
        "d if-create" => ["214 / 286 us", "252 / 867 us", "248 / 331 us"],
        "e startup" => ["0.0335 s", "0.587 s", "39.2 s"],
        "e no change" => ["0.022 s", "0.34 s", "27.1 s"],
        "e downstream" => ["0.0233 s", "0.364 s", "24.9 s"],
        "e upstream" => ["0.0143 s", "0.303 s", "18.5 s"],
        "f 1% drift" => ["0.022 s", "0.37 s", "23.4 s"],
        _ => return None,
    };
    row.get(at).copied().filter(|text| !text.is_empty())
}
