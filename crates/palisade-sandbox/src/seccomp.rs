//! Which system calls get through, as a table, and the table as a filter that
//! searches it like a tree instead of walking it like a list.

use crate::plan::{Plan, Stage};
use crate::policy::{Network, Report};

/// One instruction: code, jump if true, jump if false, value.
pub type Instruction = (u16, u8, u8, u32);

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It happens.
    Allow,
    /// It fails with this error.
    Fail(i32),
    /// It is asked about: the answer is a refusal with a word about it, or
    /// (for opens and connections) the kernel's own under the other locks.
    Ask,
    /// It depends on the arguments.
    Look(Check),
}

/// How arguments decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// `clone`: no new namespaces.
    Clone,
    /// `unshare`: no new namespaces.
    Unshare,
    /// `socket`: only families that lead nowhere but the own network.
    Socket,
    /// `socketpair`: only kinds that cannot be pointed elsewhere afterwards.
    Socketpair,
    /// `ioctl`: nothing that types into a terminal.
    Ioctl,
    /// `personality`: only the ordinary ones.
    Personality,
    /// `open`: the flags in this argument say whether something changes.
    Open {
        /// Which argument has the flags; the next has the mode.
        flags: u8,
    },
    /// A mode in this argument, without set-user-id and set-group-id.
    Mode {
        /// Which argument.
        at: u8,
    },
    /// `mknod`: no devices, no set-user-id.
    Node {
        /// Which argument has the mode.
        at: u8,
    },
}

const EPERM: i32 = libc::EPERM;
const NEW_NAMESPACES: u32 = 0x7E02_0000;
const NEW_TIME: u32 = 0x80;

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xC000_003E;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xC000_00B7;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const ARCHITECTURE: u32 = 0;

/// The first call that this list was not written for: from here on, "no such
/// call", and programs fall back on the ones that were looked at.
const UNREVIEWED: u32 = 467;

/// The calls that do not simply happen. `ask` says whether somebody listens.
pub fn table(network: Network, report: Report, ask: bool) -> Vec<(u32, Verdict)> {
    let refused = if ask { Verdict::Ask } else { Verdict::Fail(EPERM) };
    let changes = if ask { Verdict::Ask } else { Verdict::Allow };
    let mut rules: Vec<(libc::c_long, Verdict)> = vec![
        // New namespaces: the kernel's largest surface for those who get into one.
        (libc::SYS_clone, Verdict::Look(Check::Clone)),
        (libc::SYS_unshare, Verdict::Look(Check::Unshare)),
        // Its flags lie in memory, out of a filter's sight; libraries fall back on clone.
        (libc::SYS_clone3, Verdict::Fail(libc::ENOSYS)),
        (libc::SYS_setns, refused),
        // Sockets out.
        (libc::SYS_socket, Verdict::Look(Check::Socket)),
        (libc::SYS_socketpair, Verdict::Look(Check::Socketpair)),
        // Typing into the caller's terminal.
        (libc::SYS_ioctl, Verdict::Look(Check::Ioctl)),
        (libc::SYS_personality, Verdict::Look(Check::Personality)),
        // Programs with set-user-id in a workspace that the host sees.
        (libc::SYS_fchmod, Verdict::Look(Check::Mode { at: 1 })),
        (libc::SYS_fchmodat, Verdict::Look(Check::Mode { at: 2 })),
        (452, Verdict::Look(Check::Mode { at: 2 })),
        (libc::SYS_mkdirat, Verdict::Look(Check::Mode { at: 2 })),
        (libc::SYS_mknodat, Verdict::Look(Check::Node { at: 2 })),
        (libc::SYS_openat, Verdict::Look(Check::Open { flags: 2 })),
        // Its flags and mode lie in memory.
        (libc::SYS_openat2, Verdict::Fail(libc::ENOSYS)),
        // Probed by libraries as a matter of course: no word about it, they fall back.
        (libc::SYS_io_uring_setup, Verdict::Fail(libc::ENOSYS)),
        (libc::SYS_io_uring_enter, Verdict::Fail(libc::ENOSYS)),
        (libc::SYS_io_uring_register, Verdict::Fail(libc::ENOSYS)),
        (libc::SYS_userfaultfd, Verdict::Fail(libc::ENOSYS)),
    ];
    // Mounts; other processes; the kernel's keys, programs, counters, clocks, modules and log.
    let never = [
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_open_tree,
        libc::SYS_move_mount,
        libc::SYS_fsopen,
        libc::SYS_fsconfig,
        libc::SYS_fsmount,
        libc::SYS_fspick,
        libc::SYS_mount_setattr,
        libc::SYS_swapon,
        libc::SYS_swapoff,
        libc::SYS_quotactl,
        443,
        libc::SYS_open_by_handle_at,
        libc::SYS_name_to_handle_at,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_kcmp,
        libc::SYS_pidfd_getfd,
        libc::SYS_process_madvise,
        libc::SYS_process_mrelease,
        libc::SYS_keyctl,
        libc::SYS_add_key,
        libc::SYS_request_key,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_fanotify_init,
        libc::SYS_lookup_dcookie,
        libc::SYS_clock_settime,
        libc::SYS_settimeofday,
        libc::SYS_clock_adjtime,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_delete_module,
        libc::SYS_kexec_load,
        libc::SYS_reboot,
        libc::SYS_syslog,
        libc::SYS_acct,
        libc::SYS_vhangup,
        libc::SYS_sethostname,
        libc::SYS_setdomainname,
        libc::SYS_move_pages,
        libc::SYS_migrate_pages,
        libc::SYS_nfsservctl,
    ];
    rules.extend(never.map(|call| (call, refused)));
    #[cfg(target_arch = "x86_64")]
    {
        rules.extend([
            (libc::SYS_open, Verdict::Look(Check::Open { flags: 1 })),
            (libc::SYS_creat, Verdict::Look(Check::Mode { at: 1 })),
            (libc::SYS_chmod, Verdict::Look(Check::Mode { at: 1 })),
            (libc::SYS_mkdir, Verdict::Look(Check::Mode { at: 1 })),
            (libc::SYS_mknod, Verdict::Look(Check::Node { at: 1 })),
        ]);
        let old = [
            libc::SYS_kexec_file_load,
            libc::SYS_iopl,
            libc::SYS_ioperm,
            libc::SYS_modify_ldt,
            libc::SYS_uselib,
            libc::SYS_ustat,
            libc::SYS_sysfs,
            libc::SYS__sysctl,
            174,
            178,
            177,
            libc::SYS_afs_syscall,
            libc::SYS_tuxcall,
            libc::SYS_security,
        ];
        rules.extend(old.map(|call| (call, refused)));
    }
    if report != Report::Nothing {
        // These happen or not by the other locks; asked about only to have a word for the refusal.
        let watched = [
            libc::SYS_unlinkat,
            libc::SYS_renameat2,
            libc::SYS_symlinkat,
            libc::SYS_linkat,
            libc::SYS_truncate,
            libc::SYS_renameat,
        ];
        rules.extend(watched.map(|call| (call, changes)));
        #[cfg(target_arch = "x86_64")]
        rules.extend(
            [
                libc::SYS_unlink,
                libc::SYS_rmdir,
                libc::SYS_rename,
                libc::SYS_symlink,
                libc::SYS_link,
            ]
            .map(|call| (call, changes)),
        );
        if network != Network::Host {
            rules.push((libc::SYS_connect, changes));
        }
    }
    let mut rules: Vec<(u32, Verdict)> =
        rules.into_iter().map(|(call, verdict)| (call as u32, verdict)).collect();
    rules.sort_by_key(|(call, _)| *call);
    rules.dedup_by_key(|(call, _)| *call);
    rules
}

/// The filter for a plan.
pub fn program(plan: &Plan, ask: bool) -> Vec<Instruction> {
    // Without a network namespace, no network means no socket at all.
    let internet = plan.stage != Stage::Bare || plan.network == Network::Host;
    let reads = ask && plan.report == Report::Everything;
    compile(
        &table(plan.network, plan.report, ask),
        &Context { network: plan.network, internet, ask, reads },
    )
}

/// What the checks of arguments depend on.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// The network.
    pub network: Network,
    /// Internet sockets lead nowhere, or where they may.
    pub internet: bool,
    /// Somebody listens.
    pub ask: bool,
    /// Opening to read is asked about too.
    pub reads: bool,
}

const LOAD: u16 = 0x20;
const EQUAL: u16 = 0x15;
const AT_LEAST: u16 = 0x35;
const ANY_BIT: u16 = 0x45;
const JUMP: u16 = 0x05;
const AND: u16 = 0x54;
const RETURN: u16 = 0x06;

const ALLOW: u32 = 0x7fff_0000;
const KILL: u32 = 0x8000_0000;
const ERRNO: u32 = 0x0005_0000;
const NOTIFY: u32 = 0x7fc0_0000;

fn answer(verdict: u32) -> Instruction {
    (RETURN, 0, 0, verdict)
}

fn argument(index: u8) -> Instruction {
    (LOAD, 0, 0, 16 + 8 * u32::from(index))
}

/// The table as a filter.
pub fn compile(table: &[(u32, Verdict)], context: &Context) -> Vec<Instruction> {
    // The ranges: from this number on, this verdict.
    let mut ranges: Vec<(u32, Verdict)> = vec![(0, Verdict::Allow)];
    for &(call, verdict) in table {
        if ranges.last().is_some_and(|(from, _)| *from == call) {
            ranges.pop();
        }
        ranges.push((call, verdict));
        ranges.push((call + 1, Verdict::Allow));
    }
    ranges.retain(|(from, _)| *from < UNREVIEWED);
    ranges.push((UNREVIEWED, Verdict::Fail(libc::ENOSYS)));
    ranges.dedup_by(|next, earlier| next.1 == earlier.1);

    let mut out = vec![(LOAD, 0, 0, 4), (EQUAL, 1, 0, ARCHITECTURE), answer(KILL), (LOAD, 0, 0, 0)];
    out.extend(search(&ranges, context));
    out
}

/// Halves the ranges until one is left.
fn search(ranges: &[(u32, Verdict)], context: &Context) -> Vec<Instruction> {
    let (low, high) = ranges.split_at(ranges.len() / 2);
    let (Some(_), Some((middle, _))) = (low.first(), high.first()) else {
        return high
            .first()
            .map_or_else(|| vec![answer(KILL)], |(_, verdict)| leaf(*verdict, context));
    };
    let (low, mut high) = (search(low, context), search(high, context));
    let mut out = match u8::try_from(low.len()) {
        Ok(distance) => vec![(AT_LEAST, distance, 0, *middle)],
        Err(_) => vec![(AT_LEAST, 0, 1, *middle), (JUMP, 0, 0, low.len() as u32)],
    };
    out.extend(low);
    out.append(&mut high);
    out
}

fn leaf(verdict: Verdict, context: &Context) -> Vec<Instruction> {
    match verdict {
        Verdict::Allow => vec![answer(ALLOW)],
        Verdict::Fail(error) => vec![answer(ERRNO | error as u32)],
        Verdict::Ask => vec![answer(NOTIFY)],
        Verdict::Look(check) => look(check, context),
    }
}

fn look(check: Check, context: &Context) -> Vec<Instruction> {
    let no = answer(if context.ask { NOTIFY } else { ERRNO | EPERM as u32 });
    let changes = answer(if context.ask { NOTIFY } else { ALLOW });
    let yes = answer(ALLOW);
    let denied = answer(ERRNO | EPERM as u32);
    match check {
        Check::Clone => vec![argument(0), (ANY_BIT, 0, 1, NEW_NAMESPACES), no, yes],
        Check::Unshare => vec![argument(0), (ANY_BIT, 0, 1, NEW_NAMESPACES | NEW_TIME), no, yes],
        Check::Socket => {
            let netlink = context.network == Network::Host;
            if !context.internet {
                return vec![argument(0), (EQUAL, 0, 1, libc::AF_UNIX as u32), no, denied];
            }
            let mut out = vec![argument(0)];
            out.extend([
                (EQUAL, 2, 0, libc::AF_INET as u32),
                (EQUAL, 1, 0, libc::AF_INET6 as u32),
                (JUMP, 0, 0, 5),
                // Ordinary kinds only: raw packets need no refusal in words, they need a capability.
                argument(1),
                (AND, 0, 0, 0xf),
                (EQUAL, 1, 0, libc::SOCK_RAW as u32),
                yes,
                denied,
            ]);
            if netlink {
                // Routes and addresses are read through it; nothing else.
                out.extend([
                    (EQUAL, 0, 4, libc::AF_NETLINK as u32),
                    argument(2),
                    (EQUAL, 0, 1, 0),
                    yes,
                    denied,
                ]);
            }
            out.extend([
                (EQUAL, 0, 1, libc::AF_UNIX as u32),
                no,
                answer(ERRNO | libc::EAFNOSUPPORT as u32),
            ]);
            out
        }
        // A datagram pair could be pointed at any socket file afterwards; a stream pair cannot.
        Check::Socketpair => vec![
            argument(0),
            (EQUAL, 0, 4, libc::AF_UNIX as u32),
            argument(1),
            (AND, 0, 0, 0xf),
            (EQUAL, 2, 0, libc::SOCK_STREAM as u32),
            (EQUAL, 1, 0, libc::SOCK_SEQPACKET as u32),
            denied,
            yes,
        ],
        Check::Ioctl => vec![
            argument(1),
            (EQUAL, 2, 0, libc::TIOCSTI as u32),
            (EQUAL, 1, 0, libc::TIOCLINUX as u32),
            yes,
            no,
        ],
        Check::Personality => vec![
            argument(0),
            (EQUAL, 3, 0, 0),
            (EQUAL, 2, 0, 0xffff_ffff),
            // No random addresses: debuggers and some test runners.
            (EQUAL, 1, 0, 0x0004_0000),
            denied,
            yes,
        ],
        Check::Mode { at } => vec![argument(at), (ANY_BIT, 0, 1, 0o6000), no, yes],
        Check::Node { at } => vec![
            argument(at),
            (ANY_BIT, 4, 0, 0o6000),
            (AND, 0, 0, libc::S_IFMT),
            (EQUAL, 2, 0, libc::S_IFCHR),
            (EQUAL, 1, 0, libc::S_IFBLK),
            yes,
            no,
        ],
        Check::Open { flags } => {
            // O_CREAT, and the bit of O_TMPFILE that is not O_DIRECTORY: only then is there a mode.
            const CREATES: u32 = libc::O_CREAT as u32 | 0x0040_0000;
            const CHANGES: u32 =
                (libc::O_WRONLY | libc::O_RDWR | libc::O_TRUNC | libc::O_CREAT) as u32;
            vec![
                argument(flags),
                (ANY_BIT, 0, 4, CREATES),
                argument(flags + 1),
                (ANY_BIT, 0, 1, 0o6000),
                denied,
                argument(flags),
                (ANY_BIT, 0, 1, CHANGES),
                changes,
                if context.reads { answer(NOTIFY) } else { yes },
            ]
        }
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    /// Runs a filter as the kernel would.
    fn run(program: &[Instruction], arch: u32, number: u32, arguments: [u64; 6]) -> u32 {
        let (mut at, mut accumulator) = (0, 0_u32);
        loop {
            let (code, jt, jf, k) = program[at];
            at += 1;
            match code {
                LOAD => {
                    accumulator = match k {
                        0 => number,
                        4 => arch,
                        _ => arguments[(k as usize - 16) / 8] as u32,
                    };
                }
                AND => accumulator &= k,
                JUMP => at += k as usize,
                RETURN => return k,
                EQUAL | AT_LEAST | ANY_BIT => {
                    let yes = match code {
                        EQUAL => accumulator == k,
                        AT_LEAST => accumulator >= k,
                        _ => accumulator & k != 0,
                    };
                    at += usize::from(if yes { jt } else { jf });
                }
                other => panic!("instruction {other:#x}"),
            }
        }
    }

    fn filter(network: Network, ask: bool) -> Vec<Instruction> {
        let context = Context { network, internet: true, ask, reads: false };
        compile(&table(network, Report::Changes, ask), &context)
    }

    const NO: u32 = ERRNO | EPERM as u32;

    /// The oracle: the same table walked like a list.
    #[test]
    fn the_search_tree_says_what_the_table_says() {
        for network in [Network::None, Network::Host, Network::Proxy] {
            for ask in [false, true] {
                let (table, program) = (table(network, Report::Changes, ask), filter(network, ask));
                assert!(program.len() < 4096);
                for number in 0..600 {
                    let rule =
                        table.iter().find(|(call, _)| *call == number).map(|(_, verdict)| *verdict);
                    let wanted = match rule {
                        _ if number >= UNREVIEWED => ERRNO | libc::ENOSYS as u32,
                        None | Some(Verdict::Allow) => ALLOW,
                        Some(Verdict::Fail(error)) => ERRNO | error as u32,
                        Some(Verdict::Ask) => NOTIFY,
                        Some(Verdict::Look(_)) => continue,
                    };
                    assert_eq!(
                        run(&program, ARCHITECTURE, number, [0; 6]),
                        wanted,
                        "call {number}"
                    );
                }
            }
        }
    }

    #[test]
    fn foreign_architectures_are_killed() {
        let program = filter(Network::None, false);
        assert_eq!(run(&program, 0x4000_0003, 20, [0; 6]), KILL);
        assert_eq!(run(&program, ARCHITECTURE, 0x4000_0027, [0; 6]), ERRNO | libc::ENOSYS as u32);
    }

    #[test]
    fn arguments_decide() {
        let program = filter(Network::None, false);
        let call = |number: libc::c_long, arguments: &[u64]| {
            let mut six = [0; 6];
            six[..arguments.len()].copy_from_slice(arguments);
            run(&program, ARCHITECTURE, number as u32, six)
        };
        let family = ERRNO | libc::EAFNOSUPPORT as u32;
        assert_eq!(call(libc::SYS_clone, &[libc::SIGCHLD as u64]), ALLOW);
        assert_eq!(call(libc::SYS_clone, &[0x1000_0000]), NO);
        assert_eq!(call(libc::SYS_unshare, &[0x80]), NO);
        assert_eq!(call(libc::SYS_socket, &[2, 1]), ALLOW);
        assert_eq!(call(libc::SYS_socket, &[10, 0x80801]), ALLOW);
        assert_eq!(call(libc::SYS_socket, &[2, 3]), NO);
        assert_eq!(call(libc::SYS_socket, &[1, 1]), NO);
        for other in [0, 16, 17, 38, 40, 44] {
            assert_eq!(call(libc::SYS_socket, &[other, 1]), family, "family {other}");
        }
        assert_eq!(call(libc::SYS_socketpair, &[1, 0x80001]), ALLOW);
        assert_eq!(call(libc::SYS_socketpair, &[1, 5]), ALLOW);
        assert_eq!(call(libc::SYS_socketpair, &[1, 2]), NO);
        assert_eq!(call(libc::SYS_ioctl, &[0, 0x5401]), ALLOW);
        // The kernel looks at the lower half only, so the filter does too.
        assert_eq!(call(libc::SYS_ioctl, &[0, 0x1_0000_5412]), NO);
        assert_eq!(call(libc::SYS_ioctl, &[0, 0x541C]), NO);
        assert_eq!(call(libc::SYS_personality, &[0xffff_ffff]), ALLOW);
        assert_eq!(call(libc::SYS_personality, &[8]), NO);
        assert_eq!(call(libc::SYS_fchmod, &[3, 0o755]), ALLOW);
        assert_eq!(call(libc::SYS_fchmod, &[3, 0o4755]), NO);
        assert_eq!(call(libc::SYS_openat, &[0, 0, 0o100 | 1, 0o644]), ALLOW);
        assert_eq!(call(libc::SYS_openat, &[0, 0, 0o100 | 1, 0o4755]), NO);
        // Without O_CREAT the fourth argument is whatever stood there.
        assert_eq!(call(libc::SYS_openat, &[0, 0, 0, 0o4755]), ALLOW);
        assert_eq!(call(libc::SYS_mknodat, &[0, 0, 0o010_644]), ALLOW);
        assert_eq!(call(libc::SYS_mknodat, &[0, 0, 0o020_644]), NO);
        assert_eq!(call(libc::SYS_mknodat, &[0, 0, 0o060_644]), NO);
        let host = filter(Network::Host, true);
        assert_eq!(run(&host, ARCHITECTURE, libc::SYS_socket as u32, [16, 3, 0, 0, 0, 0]), ALLOW);
        assert_eq!(run(&host, ARCHITECTURE, libc::SYS_socket as u32, [16, 3, 9, 0, 0, 0]), NO);
        assert_eq!(run(&host, ARCHITECTURE, libc::SYS_socket as u32, [1, 1, 0, 0, 0, 0]), NOTIFY);
        assert_eq!(run(&host, ARCHITECTURE, libc::SYS_connect as u32, [0; 6]), ALLOW);
    }
}
