//! The reader over the real socket, against segments of every layout.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use ligato_vpp_sim::{Damage, Sim};
use ligato_vpp_stats::{Layout, Options, Pass, StatsError, StatsReader, Value};

async fn sim(release: &str) -> Sim {
    let beat = Duration::from_millis(5);
    Sim::builder().release(release).stats_interval(beat).start().await.unwrap()
}

fn reader(sim: &Sim) -> StatsReader {
    let patience = Duration::from_millis(500);
    StatsReader::new(Options { patience, ..Options::new(sim.stats_socket_path()) })
}

/// Reads while the simulation goes on.
async fn read<T: Send + 'static>(
    reader: StatsReader,
    read: impl FnMut(&mut Pass<'_>) -> Result<T, StatsError> + Send + 'static,
) -> (StatsReader, Result<T, StatsError>) {
    let (mut reader, mut read) = (reader, read);
    let task = tokio::task::spawn_blocking(move || {
        let result = reader.read(&mut read);
        (reader, result)
    });
    task.await.unwrap()
}

/// Reads until it is as it should be; it must be soon.
async fn until<T: Send + 'static>(
    mut of: StatsReader,
    look: impl Fn(&mut Pass<'_>) -> Result<T, StatsError> + Send + Copy + 'static,
    good: impl Fn(&Result<T, StatsError>) -> bool,
) -> (StatsReader, Result<T, StatsError>) {
    let give_up = Instant::now() + Duration::from_secs(20);
    loop {
        let (reader, result) = read(of, look).await;
        if good(&result) || Instant::now() > give_up {
            return (reader, result);
        }
        of = reader;
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_layout_is_read() {
    for (release, layout) in [
        ("22.02", Layout::V2202),
        ("22.06", Layout::V2206),
        ("25.10", Layout::V2206),
        ("26.06", Layout::V2206),
    ] {
        let sim = sim(release).await;
        sim.add_foreign_interface("Ethernet0/1/2", "dpdk").unwrap();
        let interfaces = |pass: &mut Pass<'_>| pass.interfaces();
        let both = |read: &Result<Vec<_>, _>| read.as_ref().is_ok_and(|all| all.len() == 2);
        let (reader, found) = until(reader(&sim), interfaces, both).await;
        let found = found.unwrap();
        assert_eq!((found[1].index, found[1].name.as_str()), (1, "Ethernet0/1/2"), "{release}");

        let (reader, facts) = read(reader, |pass| {
            let names: Vec<String> = pass.names("/sys/").map(str::to_owned).collect();
            Ok((
                pass.layout(),
                pass.errors()?,
                pass.nodes()?,
                pass.buffer_pools()?,
                pass.heaps()?,
                names,
            ))
        })
        .await;
        let (found, errors, nodes, pools, heaps, names) = facts.unwrap();
        assert_eq!(found, layout, "{release}");
        let errors: Vec<&str> = errors.iter().map(|error| error.node.as_str()).collect();
        assert_eq!(errors, ["ip4-input", "ethernet-input", "null-node"], "{release}");
        assert_eq!(nodes[1].name, "ethernet-input");
        assert_eq!((pools[0].name.as_str(), pools[0].used), ("default-numa-0", 256));
        assert_eq!((heaps[0].name.as_str(), heaps[0].total), ("main heap", 1 << 30));
        assert!(names.iter().any(|name| name == "/sys/vector_rate"));

        let (_, link) = read(reader, |pass| pass.value("/interfaces/Ethernet0_1_2/rx")).await;
        assert!(matches!(link.unwrap(), Value::Combined(threads) if threads[0].len() == 1));
    }
}

/// What a worker counts is added to what the main thread counts.
#[tokio::test(flavor = "multi_thread")]
async fn counters_of_all_threads_are_added() {
    // Node n is called n times in each beat.
    let fits = |(_, counted, refused, beats): &(usize, Vec<u64>, Vec<u64>, u64)| {
        let expected: Vec<u64> = (1..=3).map(|n| n * beats).collect();
        *counted == expected && *refused == expected
    };
    for release in ["22.02", "25.10", "26.06"] {
        let of = async |workers| {
            let beat = Duration::from_millis(5);
            let sim = Sim::builder().release(release).stats_interval(beat).workers(workers);
            let sim = sim.start().await.unwrap();
            let (_, found) = until(
                reader(&sim),
                |pass| {
                    let Value::Simple(threads) = pass.value("/sys/node/calls")? else {
                        return Ok(None);
                    };
                    let (nodes, errors) = (pass.nodes()?, pass.errors()?);
                    let counted: Vec<u64> = nodes.iter().map(|node| node.calls).collect();
                    let refused: Vec<u64> = errors.iter().map(|error| error.value).collect();
                    let beats = pass.scalar("/sys/heartbeat")?;
                    Ok(Some((threads.len(), counted, refused, beats)))
                },
                // Not read within one beat, it does not fit together.
                |found| matches!(found, Ok(Some(found)) if found.3 > 10 && fits(found)),
            )
            .await;
            let found = found.unwrap().unwrap();
            assert!(fits(&found), "{release} with {workers} workers: {found:?}");
            found.0
        };
        assert_eq!((of(0).await, of(3).await), (1, 4), "{release}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn types_that_cannot_be_read_do_no_harm() {
    let sim = sim("26.06").await;
    let (reader, ring) = read(reader(&sim), |pass| pass.value("/session/ring")).await;
    assert_eq!(ring.unwrap(), Value::Unreadable);
    let (reader, bins) = read(reader, |pass| pass.value("/vector/histogram")).await;
    assert!(matches!(bins.unwrap(), Value::Histogram(threads) if threads[0].len() == 3));
    let (reader, gauge) = read(reader, |pass| pass.value("/sys/vector_rate")).await;
    assert_eq!(gauge.unwrap(), Value::Gauge(0));
    let (reader, wrong) = read(reader, |pass| pass.simple("/if/names")).await;
    assert!(matches!(wrong, Err(StatsError::OtherType { .. })));
    let (_, missing) = read(reader, |pass| pass.scalar("/no/such")).await;
    assert!(matches!(missing, Err(StatsError::NoEntry { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn counters_move_without_a_new_epoch() {
    let sim = sim("26.06").await;
    let heartbeat = |pass: &mut Pass<'_>| pass.scalar("/sys/heartbeat");
    let (reader, first) = read(reader(&sim), heartbeat).await;
    let first = first.unwrap();
    let (_, later) =
        until(reader, heartbeat, |now| now.as_ref().is_ok_and(|now| *now > first)).await;
    assert!(later.unwrap() > first);
}

#[tokio::test(flavor = "multi_thread")]
async fn interfaces_that_come_and_go_are_seen() {
    let sim = sim("26.06").await;
    let names = |pass: &mut Pass<'_>| {
        Ok(pass.interfaces()?.into_iter().map(|one| one.name).collect::<Vec<_>>())
    };
    let (mut of, _) = read(reader(&sim), names).await;
    for round in 0..20 {
        let name = format!("eth{round}");
        let index = sim.add_foreign_interface(&name, "dpdk").unwrap();
        let there =
            |now: &Result<Vec<String>, _>| now.as_ref().is_ok_and(|now| now.contains(&name));
        let (reader, now) = until(of, names, there).await;
        assert!(now.unwrap().contains(&name));
        assert!(sim.remove_interface(index));
        let (reader, now) = until(reader, names, |now| !there(now)).await;
        assert_eq!(now.unwrap(), ["local0"]);
        of = reader;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_vpp_is_found() {
    let sim = sim("26.06").await;
    sim.add_foreign_interface("eth0", "dpdk").unwrap();
    let names = |pass: &mut Pass<'_>| pass.name_list("/if/names");
    let (reader, now) =
        until(reader(&sim), names, |now| now.as_ref().is_ok_and(|now| now.len() == 2)).await;
    assert_eq!(now.unwrap().len(), 2);
    sim.restart().await.unwrap();
    let (_, now) = read(reader, names).await;
    assert_eq!(*now.unwrap(), [Some("local0".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_vpp_is_noticed_when_its_heart_stands_still() {
    let sim = sim("26.06").await;
    let mut reader = reader(&sim);
    let start = Instant::now();
    let names = |pass: &mut Pass<'_>| pass.name_list("/if/names");
    reader.read_at(start, names).unwrap();
    sim.crash();
    // What was counted can still be read for a while. The first look may see one more beat.
    reader.read_at(start + Duration::from_secs(1), names).unwrap();
    reader.read_at(start + Duration::from_secs(29), names).unwrap();
    let error = reader.read_at(start + Duration::from_secs(60), names).unwrap_err();
    assert!(matches!(error, StatsError::Attach { .. }), "{error}");
    sim.restart().await.unwrap();
    let (_, again) = read(reader, names).await;
    again.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_an_error_and_not_the_end() {
    let sim = sim("26.06").await;
    let everything = |pass: &mut Pass<'_>| Ok((pass.interfaces()?, pass.errors()?, pass.heaps()?));
    let (mut of, fine) = read(reader(&sim), everything).await;
    fine.unwrap();
    for length in [5000, 4096, 100, 40, 39, 1, 0] {
        assert!(sim.damage_stats(Damage::Truncate(length)));
        let (reader, error) = read(of, everything).await;
        // Or it was written anew meanwhile, which makes it longer again.
        if let Err(error) = error {
            let known = [
                matches!(error, StatsError::Truncated { .. } | StatsError::Pointer { .. }),
                matches!(error, StatsError::Version { found: 0 }),
            ];
            assert!(known.contains(&true), "{length}: {error}");
        }
        of = reader;
    }
    sim.restart().await.unwrap();
    assert!(sim.damage_stats(Damage::LeaveInProgress));
    let (reader, error) = read(of, everything).await;
    assert!(matches!(error, Err(StatsError::Busy { .. })));
    sim.restart().await.unwrap();
    let (_, fine) = read(reader, everything).await;
    fine.unwrap();
}

#[tokio::test]
async fn without_a_vpp_there_is_nothing() {
    let mut reader = StatsReader::new(Options::new("/nowhere/stats.sock"));
    let error = reader.read(|pass| pass.scalar("/sys/heartbeat")).unwrap_err();
    assert!(matches!(error, StatsError::Attach { .. }), "{error}");
}
