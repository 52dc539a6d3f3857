//! The queue, with its processes killed, its files spoilt and many at once.

use std::fs::{self, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use palisade_core::Answer;
use palisade_runtime::Home;
use palisade_runtime::approvals::{
    Asker, Claim, Ended, Entry, Moment, Queue, Saved, Seen, Store, Subject,
};
use palisade_runtime::config::{Approval, QueueKey};
use tempfile::TempDir;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(60);

/// While a process is started, it holds for a moment whatever pipes this one
/// holds: tests that look at them keep others from starting any.
static STARTING: Mutex<()> = Mutex::new(());

fn home(root: &Path) -> Home {
    Home::locate(|name| (name == "PALISADE_HOME").then(|| root.as_os_str().to_owned())).unwrap()
}

fn store() -> (TempDir, Store) {
    let root = tempfile::tempdir().unwrap();
    let store = Store::new(&home(root.path()));
    (root, store)
}

fn subject(text: &str) -> Subject {
    Subject {
        kind: "run".into(),
        text: text.into(),
        exact: vec!["shell".into(), text.into()],
        cwd: "/w".into(),
        profile: "default".into(),
        session: Some("s".into()),
        saves: vec![Saved { rule: "delete/tree".into(), ..Saved::default() }],
        ..Subject::default()
    }
}

/// A request that nobody waits for.
fn parked(store: &Store, id: &str, text: &str) -> Entry {
    store.put(id, subject(text), Asker::default(), (MINUTE, MINUTE)).unwrap().0
}

fn rules(timeout_s: u32) -> Approval {
    Approval { timeout_s, queue: QueueKey::Always, parked_s: 3600, ..Approval::default() }
}

fn queue<'a>(store: &Store, text: &str, timeout_s: u32) -> Queue<'a> {
    Queue::new(store.clone(), subject(text), Asker::default(), &rules(timeout_s))
}

fn allow(store: &Store, entry: &Entry) -> Result<(), palisade_runtime::Error> {
    store.answer(entry, (Answer::Once, None), Asker::default(), HOUR)
}

/// Waits until the queue shows what is looked for.
fn until<T>(store: &Store, mut look: impl FnMut(Vec<Entry>) -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look(store.list().unwrap().0) {
            return found;
        }
        assert!(Instant::now() < end, "it does not come");
        thread::yield_now();
    }
}

fn place(root: &Path, id: &str) -> PathBuf {
    let all = fs::read_dir(root.join("approvals")).unwrap().flatten();
    let mut places = all.filter(|entry| entry.file_name().to_str().unwrap().starts_with(id));
    places.next().unwrap().path()
}

#[test]
fn a_waiter_gets_the_answer_and_the_word() {
    let (_root, store) = store();
    let other = store.clone();
    let waiter = thread::spawn(move || {
        let mut queue = queue(&other, "rm -rf build", 60);
        (queue.put(), queue.word().map(str::to_owned))
    });
    let entry = until(&store, |entries| entries.into_iter().find(|entry| entry.is_waited_for));
    let said = (Answer::Deny, Some("use make clean"));
    store.answer(&entry, said, Asker::default(), MINUTE).unwrap();
    assert_eq!(waiter.join().unwrap(), (Answer::Deny, Some("use make clean".into())));
    let again = store.find(&entry.request.id).unwrap();
    assert!(again.is_spent && !again.is_alive(&Moment::now()));
}

#[test]
fn what_was_asked_too_late_is_claimed_by_the_same_once() {
    let _quiet = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    let (_root, store) = store();
    let mut first = queue(&store, "rm -rf build", 60).within(Duration::from_millis(1));
    assert_eq!(first.put(), Answer::Deny);
    let Some(Ended::Late { id }) = first.ended() else { panic!("{:?}", first.ended()) };
    let entry = store.find(id).unwrap();
    assert!(!entry.is_waited_for && entry.is_open(&Moment::now()));
    allow(&store, &entry).unwrap();
    // Another command, or the same elsewhere, has no part in it.
    let soon = |text| queue(&store, text, 60).within(Duration::from_millis(1));
    assert_eq!(soon("rm -rf src").put(), Answer::Deny);
    assert_eq!(soon("rm -rf build").seen(), Some(Seen::Answered));
    assert_eq!(soon("rm -rf build").put(), Answer::Once);
    assert_eq!(soon("rm -rf build").put(), Answer::Deny);
}

#[test]
fn a_retry_waits_for_the_request_that_is_there() {
    let _quiet = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    let (_root, store) = store();
    for _ in 0..5 {
        let mut again = queue(&store, "x", 60).within(Duration::from_millis(1));
        assert_eq!(again.put(), Answer::Deny);
    }
    assert_eq!(store.list().unwrap().0.len(), 1);
}

#[test]
fn nobody_sees_it_nobody_is_asked() {
    let _quiet = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    let (root, store) = store();
    let auto = Approval::default();
    let never = Approval { queue: QueueKey::Never, ..Approval::default() };
    let ask = |rules: &Approval| Queue::new(store.clone(), subject("x"), Asker::default(), rules);
    assert_eq!(ask(&auto).seen(), None);
    let mut unseen = ask(&auto);
    assert_eq!(unseen.put(), Answer::Deny);
    let Some(Ended::Parked { id }) = unseen.ended() else { panic!("{:?}", unseen.ended()) };
    // It lies there once, for whoever looks later, and nobody waits for it.
    assert_eq!(ask(&auto).park().as_ref(), Some(id));
    let lies = store.list().unwrap().0;
    assert_eq!((lies.len(), lies[0].is_waited_for), (1, false));
    let none = Approval { parked_s: 0, ..Approval::default() };
    for rules in [&never, &none] {
        let mut unseen = ask(rules);
        assert_eq!(unseen.put(), Answer::Deny);
        assert!(matches!(unseen.ended(), Some(Ended::Unseen)));
    }
    assert_eq!(store.list().unwrap().0.len(), 1);
    let watcher = store.watch().unwrap();
    assert_eq!(ask(&auto).seen(), Some(Seen::Watched));
    assert_eq!(ask(&never).seen(), None);
    drop(watcher);
    assert_eq!(ask(&auto).seen(), None);
    // What a killed watcher leaves behind is a pipe without a reader.
    nix::unistd::mkfifo(
        &root.path().join("approvals/watchers/1-x"),
        nix::sys::stat::Mode::from_bits_truncate(0o600),
    )
    .unwrap();
    assert_eq!(ask(&auto).seen(), None);
}

#[test]
fn the_first_answer_wins_and_the_second_is_told() {
    let (_root, store) = store();
    for round in 0..20 {
        let entry = parked(&store, &format!("aa{:04}", 2222 + round), &format!("x {round}"));
        let start = Arc::new(Barrier::new(8));
        let answers: Vec<_> = (0..8)
            .map(|at| {
                let (store, entry, start) = (store.clone(), entry.clone(), Arc::clone(&start));
                thread::spawn(move || {
                    start.wait();
                    let answer = if at % 2 == 0 { Answer::Once } else { Answer::Deny };
                    let said = store.answer(&entry, (answer, None), Asker::default(), MINUTE);
                    said.map(|()| answer).map_err(|error| error.to_string())
                })
            })
            .collect();
        let answers: Vec<_> = answers.into_iter().map(|answer| answer.join().unwrap()).collect();
        let won: Vec<_> = answers.iter().flatten().collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        assert!(
            answers
                .iter()
                .flat_map(|said| said.as_ref().err())
                .all(|e| e.contains("answered before"))
        );
        let Claim::Taken(record) = store.claim(&entry).unwrap() else { panic!() };
        assert_eq!(Answer::from(record.answer), *won[0]);
    }
}

#[test]
fn one_of_64_claimers_has_it() {
    let (_root, store) = store();
    for round in 0..10 {
        let entry = parked(&store, &format!("bb{:04}", 2222 + round), &format!("x {round}"));
        allow(&store, &entry).unwrap();
        let start = Arc::new(Barrier::new(64));
        let claims: Vec<_> = (0..64)
            .map(|_| {
                let (store, entry, start) = (store.clone(), entry.clone(), Arc::clone(&start));
                thread::spawn(move || {
                    start.wait();
                    matches!(store.claim(&entry).unwrap(), Claim::Taken(_))
                })
            })
            .collect();
        assert_eq!(
            claims.into_iter().map(|claim| u32::from(claim.join().unwrap())).sum::<u32>(),
            1
        );
    }
}

#[test]
fn what_was_tampered_with_is_never_an_approval() {
    let (root, store) = store();
    let entry = parked(&store, "cccccc", "rm -rf build");
    allow(&store, &entry).unwrap();
    let place = place(root.path(), "cccccc");
    let (request, answer) = (place.join("request.json"), place.join("answer.json"));
    let (asked, said) = (fs::read(&request).unwrap(), fs::read(&answer).unwrap());
    let broken = |what: &str| {
        let (entries, broken) = store.list().unwrap();
        assert!(entries.is_empty() && broken.len() == 1, "{what}: {entries:?}");
        assert!(store.find("cccccc").unwrap_err().to_string().contains("cannot be used"), "{what}");
        let mut queue = queue(&store, "rm -rf build", 60).within(Duration::from_millis(1));
        assert_eq!(queue.put(), Answer::Deny, "{what}");
        // The question that it made instead goes away again.
        for entry in fs::read_dir(root.path().join("approvals")).unwrap().flatten() {
            if entry.path() != place {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    };
    let text = String::from_utf8(asked.clone()).unwrap();
    for (from, to) in [("rm -rf build", "rm -rf src  "), ("\"/w\"", "\"/v\""), ("cccccc", "dddddd")]
    {
        fs::write(&request, text.replace(from, to)).unwrap();
        broken(from);
    }
    for end in [0, 1, asked.len() / 2, asked.len() - 1] {
        fs::write(&request, &asked[..end]).unwrap();
        broken("cut");
    }
    fs::write(&request, vec![b' '; 3 << 20]).unwrap();
    broken("huge");
    fs::write(&request, &asked).unwrap();
    for end in [0, 1, said.len() / 2, said.len() - 1] {
        fs::write(&answer, &said[..end]).unwrap();
        broken("cut answer");
        assert!(store.claim(&entry).is_err());
    }
    // An answer to something else, and one for whoever can write the file.
    let other = parked(&store, "eeeeee", "ls");
    allow(&store, &other).unwrap();
    let others = self::place(root.path(), "eeeeee");
    fs::copy(others.join("answer.json"), &answer).unwrap();
    fs::remove_dir_all(others).unwrap();
    broken("copied");
    fs::write(&answer, &said).unwrap();
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(&answer, fs::Permissions::from_mode(0o666)).unwrap();
    broken("writable");
    fs::remove_file(&answer).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &answer).unwrap();
    broken("link");
    fs::remove_file(&answer).unwrap();
    fs::write(&answer, &said).unwrap();
    assert!(matches!(store.claim(&entry).unwrap(), Claim::Taken(_)));
}

#[test]
fn a_request_changed_after_it_was_shown_is_not_what_was_answered() {
    let (root, store) = store();
    let entry = parked(&store, "cccccc", "rm -rf build");
    let request = place(root.path(), "cccccc").join("request.json");
    // Of the same digest, but with other times.
    let mut text: serde_json::Value = serde_json::from_slice(&fs::read(&request).unwrap()).unwrap();
    text["expires"]["wall_ms"] = 9_999_999_999_999_i64.into();
    fs::write(&request, text.to_string()).unwrap();
    allow(&store, &entry).unwrap();
    assert!(store.find("cccccc").is_err());
    let mut queue = queue(&store, "rm -rf build", 60).within(Duration::from_millis(1));
    assert_eq!(queue.put(), Answer::Deny);
}

#[test]
fn what_runs_out_cannot_be_answered_or_claimed() {
    let (_root, store) = store();
    let short = Duration::from_millis(1);
    let put = |id: &str, spans| store.put(id, subject(id), Asker::default(), spans).unwrap().0;
    let old = put("ffffff", (short, Duration::ZERO));
    thread::sleep(Duration::from_millis(3));
    assert!(allow(&store, &old).unwrap_err().to_string().contains("too old"));
    let lease = put("gggggg", (MINUTE, MINUTE));
    store.answer(&lease, (Answer::Once, None), Asker::default(), short).unwrap();
    thread::sleep(Duration::from_millis(3));
    assert!(matches!(store.claim(&lease).unwrap(), Claim::Gone));
    assert_eq!(queue(&store, "gggggg", 60).within(short).put(), Answer::Deny);
}

#[test]
fn only_what_can_be_granted_is_taken() {
    let (_root, store) = store();
    let mut once = subject("sh -c x");
    once.only_once = Some("a shell".into());
    let entry = store.put("hhhhhh", once, Asker::default(), (MINUTE, MINUTE)).unwrap().0;
    for answer in [Answer::Session, Answer::Always] {
        let said = store.answer(&entry, (answer, None), Asker::default(), MINUTE);
        assert!(said.unwrap_err().to_string().contains("a shell"));
    }
    allow(&store, &entry).unwrap();
}

#[test]
fn a_place_that_cannot_be_written_is_a_no() {
    let (root, store) = store();
    fs::write(root.path().join("approvals"), "").unwrap();
    let mut asked = queue(&store, "x", 60);
    assert_eq!(asked.put(), Answer::Deny);
    assert!(matches!(asked.ended(), Some(Ended::Failed(_))), "{:?}", asked.ended());
    fs::remove_file(root.path().join("approvals")).unwrap();
    // Others can look into it.
    fs::create_dir(root.path().join("approvals")).unwrap();
    let mut asked = queue(&store, "x", 60);
    assert_eq!(asked.put(), Answer::Deny);
    // Too long to be shown.
    fs::remove_dir(root.path().join("approvals")).unwrap();
    assert_eq!(queue(&store, &"x".repeat(2 << 20), 60).put(), Answer::Deny);
    assert_eq!(store.list().unwrap().0.len(), 0);
    assert_eq!(fs::read_dir(root.path().join("approvals")).unwrap().count(), 0, "nothing is left");
}

#[test]
fn a_full_disk_is_a_no() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        return println!("skipped: a_full_disk_is_a_no, there is no /dev/full");
    }
    // A claim that cannot be written is no claim.
    let (root, store) = store();
    let entry = parked(&store, "jjjjjj", "x");
    allow(&store, &entry).unwrap();
    let spent = place(root.path(), "jjjjjj").join("spent");
    std::os::unix::fs::symlink(full, &spent).unwrap();
    assert!(matches!(store.claim(&entry).unwrap(), Claim::Gone));
}

#[test]
fn whoever_asks_can_give_up() {
    let (_root, store) = store();
    let mut asked = queue(&store, "x", 60).while_true(|| false);
    assert_eq!(asked.put(), Answer::Deny);
    assert!(matches!(asked.ended(), Some(Ended::Stopped { .. })));
}

#[test]
fn an_executed_file_that_changed_spoils_the_answer() {
    let (root, store) = store();
    let script = root.path().join("x.sh");
    fs::write(&script, "echo 1").unwrap();
    let file = palisade_runtime::approvals::FileDigest {
        path: script.to_str().unwrap().into(),
        digest: "another".into(),
    };
    let asked = Subject { files: vec![file], ..subject("./x.sh") };
    let entry = store.put("kkkkkk", asked.clone(), Asker::default(), (MINUTE, MINUTE)).unwrap().0;
    allow(&store, &entry).unwrap();
    let mut asked = Queue::new(store, asked, Asker::default(), &rules(60));
    assert_eq!(asked.put(), Answer::Deny);
    assert!(matches!(asked.ended(), Some(Ended::Changed { .. })));
}

/// How many times what is done many times.
fn many(usual: usize, soak: usize) -> usize {
    if is_soak() { soak } else { usual }
}

fn is_soak() -> bool {
    std::env::var_os("PALISADE_SOAK").is_some()
}

/// Who waits for a soak sees how far it is.
fn told(what: &str, done: usize, of: usize) {
    if is_soak() {
        eprintln!("{what}: {done} of {of}");
    }
}

#[test]
fn thousands_are_parked_and_listed() {
    let (_root, store) = store();
    let count = many(300, 10_000);
    for at in 0..count {
        let text = format!("rm -rf build/{at}");
        let mut asked = queue(&store, &text, 60).within(Duration::from_micros(1));
        assert_eq!(asked.put(), Answer::Deny);
        if at % 1000 == 999 {
            told("parked", at + 1, count);
        }
    }
    let (entries, broken) = store.list().unwrap();
    assert_eq!((entries.len(), broken.len()), (count, 0));
    for entry in entries.iter().step_by(97) {
        allow(&store, entry).unwrap();
        let text = &entry.request.subject.text;
        assert_eq!(queue(&store, text, 60).put(), Answer::Once);
    }
}

#[test]
fn many_waiters_each_get_their_own_answer() {
    let (_root, store) = store();
    let count = many(100, 500);
    let waiters: Vec<_> = (0..count)
        .map(|at| {
            let store = store.clone();
            thread::spawn(move || {
                let mut asked = queue(&store, &format!("x {at}"), 120);
                (asked.put(), asked.word().map(str::to_owned))
            })
        })
        .collect();
    let mut answered = 0;
    while answered < count {
        let open = until(&store, |entries| {
            let now = Moment::now();
            let open: Vec<_> = entries.into_iter().filter(|entry| entry.is_open(&now)).collect();
            (!open.is_empty()).then_some(open)
        });
        for entry in open {
            let said = (Answer::Once, Some(entry.request.subject.text.as_str()));
            store.answer(&entry, said, Asker::default(), MINUTE).unwrap();
            answered += 1;
        }
    }
    for (at, waiter) in waiters.into_iter().enumerate() {
        assert_eq!(waiter.join().unwrap(), (Answer::Once, Some(format!("x {at}"))));
    }
}

// Processes that are killed.

#[test]
#[ignore = "one of the processes of `killed_anywhere_nothing_is_lost_or_doubled`"]
fn a_process() {
    let variable = |name: &str| std::env::var(name).unwrap();
    let root = PathBuf::from(variable("PALISADE_TEST_HOME"));
    let store = Store::new(&home(&root));
    let text = variable("PALISADE_TEST_TEXT");
    match variable("PALISADE_TEST_ROLE").as_str() {
        "asks" => {
            if queue(&store, &text, 60).within(WAITS).put() == Answer::Once {
                note(&root, "effects", &text);
            }
        }
        _ => {
            let asked = subject(&text).digest();
            let end = Instant::now() + WAITS;
            while Instant::now() < end {
                let mut open = store.same(&asked).into_iter();
                if let Some(entry) = open.find(|entry| entry.answer.is_none()) {
                    if allow(&store, &entry).is_ok() {
                        note(&root, "answers", &text);
                    }
                    return;
                }
                // The other two have the processor meanwhile.
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

/// Adds a line in one write.
fn note(root: &Path, name: &str, text: &str) {
    let mut file = OpenOptions::new().append(true).create(true).open(root.join(name)).unwrap();
    file.write_all(format!("{text}\n").as_bytes()).unwrap();
}

fn started(root: &Path, role: &str, text: &str) -> Child {
    let _alone = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "approvals::a_process", "--ignored"])
        .env("PALISADE_TEST_HOME", root)
        .env("PALISADE_TEST_TEXT", text)
        .env("PALISADE_TEST_ROLE", role)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// So long the processes wait for each other, where one of them is killed.
const WAITS: Duration = Duration::from_millis(300);
/// So many rounds at a time: most of each is waiting.
const PLAYERS: usize = 12;
/// A soak ends by then, however slow the machine is, and says how far it came.
const SOAK: Duration = Duration::from_secs(240);
/// So many rounds share one home, which is looked through after them.
const ROUNDS: usize = 100;

#[test]
fn killed_anywhere_nothing_is_lost_or_doubled() {
    let begun = Instant::now();
    let homes = many(1, 30);
    let mut used = 0;
    for at in 0..homes {
        // Among many others that nobody touches, now and then.
        used += killed_in_one_home(many(20, if at % 5 == 0 { 500 } else { 0 }));
        told("rounds", (at + 1) * ROUNDS, homes * ROUNDS);
        if begun.elapsed() > SOAK {
            println!("the time is up after {} rounds", (at + 1) * ROUNDS);
            break;
        }
    }
    assert!(used > 0, "no answer was ever used, so nothing was tried");
}

/// Rounds in each of which two processes ask, one answers and one of the three
/// is killed, beside `parked` other requests; how many answers were used.
fn killed_in_one_home(parked: usize) -> usize {
    let (root, store) = store();
    let root = root.path();
    for at in 0..parked {
        let mut other = queue(&store, &format!("parked {at}"), 60).within(Duration::from_micros(1));
        assert_eq!(other.put(), Answer::Deny);
    }
    let next = AtomicUsize::new(0);
    let play = || loop {
        let round = next.fetch_add(1, Ordering::Relaxed);
        if round >= ROUNDS {
            return;
        }
        let text = format!("x {round}");
        let mut all: Vec<Child> =
            ["asks", "answers", "asks"].iter().map(|role| started(root, role, &text)).collect();
        // Chance, from the hasher's own keys.
        let chance = RandomState::new().build_hasher().finish();
        thread::sleep(Duration::from_micros(chance % 60_000));
        all[(chance >> 32) as usize % 3].kill().unwrap();
        for mut process in all {
            process.wait().unwrap();
        }
    };
    thread::scope(|scope| (0..PLAYERS).for_each(|_| drop(scope.spawn(play))));
    let count = |name: &str, text: &str| {
        let lines = fs::read_to_string(root.join(name)).unwrap_or_default();
        lines.lines().filter(|line| *line == text).count()
    };
    let (entries, broken) = store.list().unwrap();
    assert!(broken.is_empty(), "{broken:?}");
    let now = Moment::now();
    let mut used = 0;
    for round in 0..ROUNDS {
        let text = format!("x {round}");
        let own = || entries.iter().filter(|entry| entry.request.subject.text == text);
        let answered = own().filter(|entry| entry.answer.is_some()).count();
        let spent = own().filter(|entry| entry.is_spent).count();
        let effects = count("effects", &text);
        used += effects;
        // No effect without an answer of its own, and no acknowledged answer
        // is gone.
        assert!(effects <= spent && spent <= answered, "{text}: {effects} {spent} {answered}");
        assert!(count("answers", &text) <= answered, "{text}");
        // What was answered and not used is there for the next who asks.
        for left in 0..answered - spent {
            let mut again = queue(&store, &text, 60).within(Duration::from_millis(1));
            assert_eq!(again.put(), Answer::Once, "{text}, {left}");
        }
        let mut none = queue(&store, &text, 60).within(Duration::from_millis(1));
        assert_eq!(none.put(), Answer::Deny, "{text}");
        assert!(own().all(|entry| !entry.request.is_expired(&now)));
    }
    let others = entries.iter().filter(|entry| entry.request.subject.text.starts_with("parked "));
    let open = others.filter(|entry| entry.is_open(&now)).count();
    assert_eq!(open, parked, "a request is gone, or was answered by nobody");
    used
}
