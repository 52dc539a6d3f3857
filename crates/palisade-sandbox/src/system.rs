//! Which parts of the host's system programs need, and nothing more of it.

/// Read-only as they are. A symbolic link stays a link.
pub const TREES: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/opt",
    // Where some distributions keep everything.
    "/nix/store",
    "/gnu/store",
    "/run/current-system",
];

/// Files of /etc that are copied (small, no secrets, and something fails or
/// misleads without them).
pub const ETC_FILES: &[&str] = &[
    // Time.
    "localtime",
    "timezone",
    // Names of protocols and ports; no addresses.
    "protocols",
    "services",
    // Which system this is.
    "os-release",
    "debian_version",
    // TLS libraries that were told to look here.
    "ssl/openssl.cnf",
];

/// Files and directories of /etc that are mounted read-only. Each costs a
/// start some ten microseconds.
pub const ETC_TREES: &[&str] = &[
    // The loader's cache: without it every start searches every directory.
    "ld.so.cache",
    // What `cc`, `java`, `editor` really are.
    "alternatives",
    // Public certificates (never ssl/private).
    "ssl/certs",
    "pki/tls/certs",
    "pki/ca-trust/extracted",
    "ca-certificates/extracted",
    "crypto-policies",
    // A Java runtime's settings: it does not start without.
    "java-11-openjdk",
    "java-17-openjdk",
    "java-21-openjdk",
    "java-25-openjdk",
];

/// Where certificates of the policy's own stand inside.
pub const CERTIFICATES: &str = "/etc/palisade-certificates.pem";

/// How programs are told of them: OpenSSL, Go, Rust and Ruby; Node; Python's
/// requests and pip; curl; git; cargo; AWS; Deno; Google; Nix; Perl; uv.
pub const CERTIFICATE_VARIABLES: &[&str] = &[
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "CARGO_HTTP_CAINFO",
    "AWS_CA_BUNDLE",
    "DENO_CERT",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "NIX_SSL_CERT_FILE",
    "PERL_LWP_SSL_CA_FILE",
    "HTTPLIB2_CA_CERTS",
];

/// Device nodes that well-behaved programs open.
pub const DEVICES: &[&str] = &["null", "zero", "full", "urandom"];

/// Links in /dev.
pub const DEVICE_LINKS: &[(&str, &str)] = &[
    // The same bytes since Linux 5.6.
    ("random", "urandom"),
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
];

/// A file that says, to any program of ours that is started inside, where it
/// is. It stands on the sandbox's read-only root, so it cannot be removed.
pub const MARKER: &str = "/.palisade-sandbox";

/// Where names are looked up, and in which order.
pub const NSSWITCH: &str = "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\n\
protocols: files\nservices: files\nethers: files\nrpc: files\n";

/// The host names that exist inside.
pub const HOSTS: &str = "127.0.0.1 localhost palisade\n::1 localhost ip6-localhost ip6-loopback\n";

/// The name of this host, seen from inside.
pub const HOSTNAME: &str = "palisade";
