//! The approval queue: how long it takes to ask, to list, and to wake whoever
//! waits.
//!
//! `cargo bench -p palisade-runtime --bench approvals`

use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use palisade_core::Answer;
use palisade_runtime::Home;
use palisade_runtime::approvals::{Asker, Queue, Store, Subject};
use palisade_runtime::config::{Approval, QueueKey};

const HOUR: Duration = Duration::from_secs(3600);

fn main() {
    divan::main();
    wake(500);
}

/// One queue with 10 000 requests that nobody waits for, made once.
fn crowded() -> &'static Store {
    static STORE: OnceLock<(tempfile::TempDir, Store)> = OnceLock::new();
    &STORE.get_or_init(|| parked(10_000)).1
}

fn store(root: &tempfile::TempDir) -> Store {
    let path = root.path().as_os_str().to_owned();
    let home = Home::locate(|name| (name == "PALISADE_HOME").then(|| path.clone()));
    Store::new(&home.unwrap_or_else(|error| unreachable!("{error}")))
}

fn subject(at: usize) -> Subject {
    let text = format!("rm -rf build/{at}");
    Subject {
        kind: "run".into(),
        exact: vec!["shell".into(), text.clone()],
        text,
        profile: "default".into(),
        ..Subject::default()
    }
}

fn queue<'a>(store: &Store, at: usize) -> Queue<'a> {
    let rules =
        Approval { queue: QueueKey::Always, timeout_s: 600, parked_s: 3600, ..Approval::default() };
    Queue::new(store.clone(), subject(at), Asker::default(), &rules)
}

/// A home with so many requests that nobody waits for.
fn parked(count: usize) -> (tempfile::TempDir, Store) {
    let root = tempfile::tempdir().unwrap_or_else(|error| unreachable!("{error}"));
    let store = store(&root);
    for at in 0..count {
        queue(&store, at).within(Duration::from_micros(1)).put();
    }
    (root, store)
}

#[divan::bench(sample_count = 20)]
fn list_10000(bencher: divan::Bencher<'_, '_>) {
    let store = crowded();
    bencher.bench_local(|| store.list().map(|found| found.0.len()).unwrap_or(0));
}

/// From nothing to a synced request that is given up at once.
#[divan::bench(args = [false, true], sample_count = 50, sample_size = 1)]
fn ask(bencher: divan::Bencher<'_, '_>, beside_10000: bool) {
    let (_root, empty) = parked(0);
    let store = if beside_10000 { crowded() } else { &empty };
    let mut at = 2_000_000;
    bencher.bench_local(|| {
        at += 1;
        queue(store, at).within(Duration::from_micros(1)).put()
    });
}

/// Whether anybody would see a question: what every caution without a
/// terminal costs.
#[divan::bench(args = [false, true], sample_count = 100)]
fn seen(bencher: divan::Bencher<'_, '_>, beside_10000: bool) {
    let (_root, empty) = parked(0);
    let store = if beside_10000 { crowded() } else { &empty };
    bencher.bench_local(|| queue(store, usize::MAX).seen());
}

/// `waiters` wait at once beside 10 000 parked requests; each is answered, and
/// the time from the call of `answer`, which syncs, to the waiter's return is taken.
fn wake(waiters: usize) {
    let store = crowded();
    let (sender, receiver) = mpsc::channel();
    let threads: Vec<_> = (0..waiters)
        .map(|at| {
            let (store, sender) = (store.clone(), sender.clone());
            thread::spawn(move || {
                let mut queue = queue(&store, 1_000_000 + at);
                let answer = queue.put();
                if answer != Answer::Once {
                    println!("waiter {at} ended by {:?}", queue.ended());
                }
                let woken = Instant::now();
                let _ = sender.send((at, woken, answer));
            })
        })
        .collect();
    drop(sender);
    let mut times = vec![Duration::MAX; waiters];
    let mut done = 0;
    while done < waiters {
        let (entries, _) = store.list().unwrap_or_default();
        for entry in entries.into_iter().filter(|entry| entry.is_waited_for) {
            let text = &entry.request.subject.text;
            let at: Option<usize> = text.rsplit('/').next().and_then(|at| at.parse().ok());
            let Some(slot) = at.and_then(|at| at.checked_sub(1_000_000)) else { continue };
            let begun = Instant::now();
            let given = store.answer(&entry, (Answer::Once, None), Asker::default(), HOUR);
            if given.is_err() {
                continue;
            }
            if let Ok((at, woken, answer)) = receiver.recv() {
                assert_eq!((at, answer), (slot, Answer::Once), "another waiter was woken");
                if let Some(time) = times.get_mut(at) {
                    *time = woken.saturating_duration_since(begun);
                }
                done += 1;
            }
        }
    }
    for thread in threads {
        let _ = thread.join();
    }
    times.sort();
    let at = |share: usize| times.get((waiters * share / 100).min(waiters - 1)).copied();
    println!(
        "wake, {waiters} waiters beside 10000 parked, from the call of `answer` to the waiter's return: median {:?}, p99 {:?}, worst {:?}",
        at(50).unwrap_or_default(),
        at(99).unwrap_or_default(),
        times.last().copied().unwrap_or_default()
    );
}
