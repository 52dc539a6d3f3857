//! What the system refused, in words.

use palisade_core::FileFault;
use palisade_guards::content::reveal;
use rustix::io::Errno;

/// The fault of `doing` something (`read`, `write`) to `path`.
pub(crate) fn fault(doing: &str, path: &str, error: Errno) -> FileFault {
    let shown = reveal(path);
    let what = |message: &str| FileFault::new(format!("cannot {doing} `{shown}`: {message}"));
    match error {
        Errno::NOENT => what("it does not exist"),
        Errno::ACCESS | Errno::PERM => what("permission denied"),
        Errno::NOTDIR => what("a part of the path is not a directory"),
        Errno::ISDIR => what("it is a directory"),
        Errno::NAMETOOLONG => what("a name in it is too long"),
        Errno::LOOP => what(
            "it leads through a loop of links, or through a link of /proc to an open file or process, which is not followed",
        ),
        Errno::XDEV => what("it leads out of the directory that it must stay in"),
        Errno::AGAIN => what("it keeps changing while it is looked at"),
        Errno::NOSPC | Errno::DQUOT => what("there is no space left; the old content is as it was"),
        Errno::ROFS => what("the file system is read-only"),
        Errno::BUSY => what("something is mounted on it, so it cannot be replaced"),
        Errno::INVAL if path.contains('\0') => what("its name holds a zero byte"),
        Errno::TXTBSY => what("it is a program that runs"),
        Errno::NOLCK => what("another process holds its directory locked"),
        other => what(&other.to_string()),
    }
}

/// The same for an error of the standard library.
pub(crate) fn io_fault(doing: &str, path: &str, error: &std::io::Error) -> FileFault {
    match Errno::from_io_error(error) {
        Some(code) => fault(doing, path, code),
        None => FileFault::new(format!("cannot {doing} `{}`: {error}", reveal(path))),
    }
}
