//! The calls that reach outside, by language.

use super::tokens::Token;
use crate::programs::Language;

/// What a call does with its arguments.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Sink {
    Shell,
    Argv,
    Read,
    Write,
    Delete,
    DeleteTree,
    Move,
    /// A move: what it is from is gone afterwards.
    Rename,
    Owner,
    Mode,
    Connect,
    Send,
    Evaluate,
    Decode,
    Load,
    Fork,
    Kill,
    Escalate,
    Open,
    Environment,
    Link,
    /// A file that is run in the same language.
    Script,
    /// Data of which objects are made, by whatever code they name.
    Unpickle,
    /// Code, or a function, in a form that is not followed.
    Unseen,
    /// A method or an attribute by its name in a text.
    Named,
}

/// The sinks of each language, by full name or by a telling last part.
pub(super) fn sink(language: Language, name: &str) -> Option<Sink> {
    let last = name.rsplit('.').next().unwrap_or(name);
    match language {
        Language::Python => python(name, last),
        Language::Perl => perl(name),
        Language::Ruby => ruby(name, last),
        Language::JavaScript => javascript(name, last),
        Language::Php => php(name),
        Language::Lua => lua(name),
        _ => None,
    }
}

/// Whether code uses a module or function that talks to other machines.
pub(super) fn networks(language: Language, tokens: &[Token]) -> bool {
    let known: &[&str] = match language {
        Language::Python => &[
            "aiohttp",
            "asyncio.open_connection",
            "asyncio.open_unix_connection",
            "boto3",
            "botocore",
            "dns.resolver",
            "dns.query",
            "asyncssh",
            "fabric",
            "feedparser",
            "ftplib",
            "grequests",
            "grpc",
            "http.client",
            "httplib",
            "httpx",
            "imaplib",
            "nntplib",
            "paramiko",
            "poplib",
            "pycurl",
            "requests",
            "requests_futures",
            "requests_html",
            "requests_toolbelt",
            "niquests",
            "mechanize",
            "minio",
            "paho",
            "pysftp",
            "scapy",
            "sendgrid",
            "slack_sdk",
            "tornado.httpclient",
            "treq",
            "twilio",
            "smtplib",
            "socket",
            "telnetlib",
            "urllib.request",
            "urllib2",
            "urllib3",
            "webbrowser",
            "websocket",
            "websockets",
            "xmlrpc",
            "zmq",
        ],
        Language::Perl => &[
            "AnyEvent::HTTP",
            "Email::Sender",
            "Furl",
            "HTTP::Tiny",
            "IO::Socket",
            "MIME::Lite",
            "LWP",
            "Mojo::UserAgent",
            "Net",
            "Socket",
            "WWW::Mechanize",
            "gethostbyaddr",
            "gethostbyname",
        ],
        Language::Ruby => &[
            "Addrinfo",
            "BasicSocket",
            "Curl",
            "Excon",
            "Faraday",
            "HTTPClient",
            "HTTParty",
            "Net",
            "OpenURI",
            "Resolv",
            "RestClient",
            "Socket",
            "TCPSocket",
            "Typhoeus",
            "UDPSocket",
            "aws-sdk-s3",
            "curb",
            "excon",
            "faraday",
            "httparty",
            "net/ftp",
            "net/http",
            "net/smtp",
            "open-uri",
            "resolv",
            "rest-client",
            "socket",
        ],
        Language::JavaScript => &[
            "@aws-sdk/client-s3",
            "EventSource",
            "WebSocket",
            "basic-ftp",
            "bent",
            "cross-fetch",
            "isomorphic-fetch",
            "ky",
            "mqtt",
            "needle",
            "nodemailer",
            "phin",
            "request",
            "request-promise",
            "socket.io-client",
            "ssh2",
            "ssh2-sftp-client",
            "zeromq",
            "XMLHttpRequest",
            "axios",
            "dgram",
            "dns",
            "dns/promises",
            "fetch",
            "got",
            "http",
            "http2",
            "https",
            "navigator.sendBeacon",
            "net",
            "node-fetch",
            "superagent",
            "tls",
            "undici",
            "ws",
            "Deno.connect",
            "Deno.resolveDns",
            "Bun.connect",
            "Bun.udpSocket",
        ],
        Language::Php => &[
            "GuzzleHttp",
            "checkdnsrr",
            "curl_exec",
            "curl_init",
            "dns_check_record",
            "dns_get_mx",
            "dns_get_record",
            "fsockopen",
            "ftp_connect",
            "ftp_ssl_connect",
            "getmxrr",
            "gethostbyname",
            "gethostbynamel",
            "pfsockopen",
            "socket_create",
            "ssh2_connect",
            "SoapClient",
            "stream_socket_client",
        ],
        Language::Lua => &["socket", "ssl", "http.request", "cqueues", "copas", "resty", "ngx"],
        _ => return false,
    };
    let is = |name: &str, parts: &[char]| {
        known.iter().any(|known| {
            name.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with(parts))
        })
    };
    let imported = matches!(language, Language::JavaScript | Language::Ruby | Language::Lua);
    tokens.iter().any(|token| match token {
        // What is written in front of a call, and what is imported.
        Token::Name(name) => match language {
            // Names of modules are those of plain variables there as well.
            Language::JavaScript => {
                is(name, &['.'])
                    && !matches!(
                        name.as_str(),
                        "http"
                            | "https"
                            | "net"
                            | "dns"
                            | "tls"
                            | "ws"
                            | "got"
                            | "request"
                            | "needle"
                            | "bent"
                            | "ky"
                            | "mqtt"
                    )
            }
            Language::Ruby | Language::Perl => is(name, &['.', ':', '-']),
            _ => is(name, &['.']),
        },
        // `require("net")`, `import x from "node:net"`.
        Token::Text(text, false) if imported => is(text.trim_start_matches("node:"), &['.', '/']),
        _ => false,
    })
}

fn python(name: &str, last: &str) -> Option<Sink> {
    Some(match name {
        "os.system"
        | "posix.system"
        | "os.popen"
        | "posix.popen"
        | "commands.getoutput"
        | "commands.getstatusoutput"
        | "subprocess.getoutput"
        | "subprocess.getstatusoutput"
        | "asyncio.create_subprocess_shell"
        | "pty.spawn"
        | "popen2.popen2"
        | "platform.popen"
        | "invoke.run"
        | "pydoc.pipepager"
        | "pydoc.tempfilepager"
        | "subprocess.run"
        | "subprocess.call"
        | "subprocess.check_call"
        | "subprocess.check_output"
        | "subprocess.Popen" => Sink::Shell,
        "os.execl"
        | "os.execlp"
        | "os.execle"
        | "os.execv"
        | "os.execvp"
        | "os.execve"
        | "os.execvpe"
        | "os.execlpe"
        | "os.spawnl"
        | "os.spawnlp"
        | "os.spawnv"
        | "os.spawnvp"
        | "os.posix_spawn"
        | "os.posix_spawnp"
        | "webbrowser.BackgroundBrowser"
        | "webbrowser.GenericBrowser"
        | "asyncio.create_subprocess_exec" => Sink::Argv,
        "os.remove" | "os.unlink" | "os.rmdir" | "posix.remove" | "posix.unlink" => Sink::Delete,
        "shutil.rmtree" | "os.removedirs" => Sink::DeleteTree,
        "os.rename" | "os.replace" | "os.renames" | "posix.rename" | "shutil.move" => Sink::Rename,
        "os.truncate" | "posix.truncate" => Sink::Write,
        "os.chown" | "os.lchown" | "shutil.chown" => Sink::Owner,
        "shutil.copy" | "shutil.copyfile" | "shutil.copy2" | "shutil.copytree" => Sink::Move,
        "os.symlink" | "os.link" => Sink::Link,
        "os.chmod" => Sink::Mode,
        "open" | "io.open" | "os.open" | "codecs.open" | "builtins.open" | "io.FileIO"
        | "io.open_code" | "tokenize.open" | "gzip.open" | "gzip.GzipFile" | "bz2.open"
        | "bz2.BZ2File" | "lzma.open" | "lzma.LZMAFile" | "aiofiles.open" | "zipfile.ZipFile" => {
            Sink::Open
        }
        "linecache.getlines" | "linecache.getline" | "fileinput.input" | "mmap.mmap"
        | "np.loadtxt" | "numpy.loadtxt" | "np.genfromtxt" | "numpy.genfromtxt" | "np.fromfile"
        | "numpy.fromfile" => Sink::Read,
        "runpy.run_path" | "execfile" | "imp.load_source" => Sink::Script,
        "pickle.load" | "pickle.loads" | "pickle.Unpickler" | "cPickle.load" | "cPickle.loads"
        | "_pickle.load" | "_pickle.loads" | "dill.load" | "dill.loads" | "cloudpickle.load"
        | "cloudpickle.loads" | "joblib.load" | "torch.load" | "marshal.load" | "marshal.loads"
        | "shelve.open" | "yaml.unsafe_load" | "yaml.load" | "yaml.load_all" | "np.load"
        | "numpy.load" | "pandas.read_pickle" | "pd.read_pickle" => Sink::Unpickle,
        "os.environ" | "posix.environ" | "os.environb" | "os.environ.items" | "os.environ.copy"
        | "os.environ.values" | "os.environ.keys" => Sink::Environment,
        "os.fork" | "posix.fork" => Sink::Fork,
        "os.kill" | "os.killpg" => Sink::Kill,
        "os.setuid" | "os.setgid" | "os.seteuid" | "os.setresuid" | "os.setreuid" => Sink::Escalate,
        "exec"
        | "eval"
        | "builtins.exec"
        | "builtins.eval"
        | "code.interact"
        | "code.InteractiveInterpreter"
        | "types.FunctionType"
        | "timeit.timeit"
        | "timeit.repeat"
        | "timeit.Timer"
        | "cProfile.run"
        | "cProfile.runctx"
        | "profile.run"
        | "profile.runctx"
        | "pdb.run"
        | "pdb.runeval"
        | "bdb.run"
        | "codeop.compile_command"
        | "doctest.run_docstring_examples"
        | "runpy.run_module" => Sink::Evaluate,
        // Modules of which every name is a program.
        "delegator.run" | "envoy.run" | "pexpect.run" | "pexpect.runu" => Sink::Unseen,
        _ if name.starts_with("sh.") || name.starts_with("plumbum.local") => Sink::Unseen,
        "operator.methodcaller" | "operator.attrgetter" | "methodcaller" | "attrgetter" => {
            Sink::Named
        }
        "jsonpickle.decode" => Sink::Unpickle,
        "compile" | "builtins.compile" => Sink::Evaluate,
        "ctypes.CDLL"
        | "ctypes.cdll.LoadLibrary"
        | "ctypes.PyDLL"
        | "cffi.FFI"
        | "imp.load_dynamic" => Sink::Load,
        "base64.b64decode"
        | "base64.b32decode"
        | "base64.b85decode"
        | "base64.decodebytes"
        | "binascii.unhexlify"
        | "binascii.a2b_base64"
        | "bytes.fromhex"
        | "codecs.decode"
        | "zlib.decompress"
        | "gzip.decompress"
        | "bz2.decompress"
        | "lzma.decompress"
        | "bytearray.fromhex" => Sink::Decode,
        "urllib.request.urlopen"
        | "urllib2.urlopen"
        | "urllib.urlopen"
        | "urllib.request.urlretrieve"
        | "urllib.urlretrieve"
        | "requests.get"
        | "requests.head"
        | "requests.request"
        | "httpx.get"
        | "http.client.HTTPConnection"
        | "http.client.HTTPSConnection"
        | "httplib.HTTPConnection"
        | "socket.create_connection"
        | "ftplib.FTP"
        | "telnetlib.Telnet"
        | "socket.socket"
        | "urlopen"
        | "urllib.request.Request"
        | "aiohttp.ClientSession" => Sink::Connect,
        "requests.post" | "requests.put" | "requests.patch" | "httpx.post" | "smtplib.SMTP"
        | "smtplib.SMTP_SSL" => Sink::Send,
        "requests.delete" => Sink::Send,
        "getattr" | "__import__" | "importlib.import_module" | "builtins.__import__" => {
            return dynamic(name);
        }
        _ => match last {
            // Of debuggers, profilers and interpreters.
            "runctx" | "runsource" | "runcode" | "runeval" => Sink::Evaluate,
            // What clients of stores send by its name.
            "upload_file"
            | "upload_from_filename"
            | "fput_object"
            | "files_upload"
            | "files_upload_v2"
                if name.contains('.') =>
            {
                Sink::Read
            }
            // Methods of values whose kind is not followed.
            "system" | "popen" | "check_output" | "check_call" | "Popen" | "getoutput"
            | "spawn"
                if name.contains('.') =>
            {
                Sink::Shell
            }
            "execv" | "execve" | "execvp" | "execl" | "execlp" => Sink::Argv,
            "read_text" | "read_bytes" => Sink::Read,
            "write_text" | "write_bytes" => Sink::Write,
            "rmtree" | "remove_tree" => Sink::DeleteTree,
            "dotenv_values" => Sink::Read,
            _ if frame_reads(name, last) => Sink::Read,
            // Of a path: `Path("x").unlink()`.
            "unlink" | "rmdir" if arguments_of_path(name) => Sink::Delete,
            "connect"
                if name.contains('.')
                    && !name.contains("sqlite")
                    && !name.contains("db")
                    && !name.contains("psycopg")
                    && !name.contains("mysql") =>
            {
                Sink::Connect
            }
            "urlopen" => Sink::Connect,
            _ => return None,
        },
    })
}

/// Whether a call is one of pandas or polars that reads a file.
fn frame_reads(name: &str, last: &str) -> bool {
    last.starts_with("read_")
        && !last.starts_with("read_sql")
        && ["pandas.", "pd.", "polars.", "pl."].iter().any(|module| name.starts_with(module))
}

/// Whether a method is that of a value, and of no module.
fn arguments_of_path(name: &str) -> bool {
    name.contains('.') && !name.starts_with("shm.")
}

/// Names looked up at run time: harmless for plain modules, else not known.
fn dynamic(name: &str) -> Option<Sink> {
    match name {
        "getattr" => None,
        _ => Some(Sink::Load),
    }
}

fn perl(name: &str) -> Option<Sink> {
    let name = name.strip_prefix("CORE::GLOBAL::").or(name.strip_prefix("CORE::")).unwrap_or(name);
    Some(match name {
        "system" | "exec" | "readpipe" | "open2" | "open3" | "IPC::Open2::open2"
        | "IPC::Open3::open3" => Sink::Argv,
        "open" | "sysopen" => Sink::Open,
        "unlink" | "rmdir" => Sink::Delete,
        "rmtree" | "remove_tree" => Sink::DeleteTree,
        "rename" | "move" => Sink::Rename,
        "copy" => Sink::Move,
        "truncate" => Sink::Write,
        "symlink" | "link" => Sink::Link,
        "eval" | "evalbytes" => Sink::Evaluate,
        "syscall" => Sink::Unseen,
        "retrieve" | "thaw" | "Storable::retrieve" | "Storable::thaw" => Sink::Unpickle,
        "fork" => Sink::Fork,
        "kill" => Sink::Kill,
        "decode_base64" | "pack" | "MIME::Base64::decode" => Sink::Decode,
        "socket"
        | "IO::Socket::INET"
        | "IO::Socket::INET->new"
        | "connect"
        | "LWP::Simple::get"
        | "getprint"
        | "LWP::UserAgent"
        | "HTTP::Tiny" => Sink::Connect,
        "%ENV" => Sink::Environment,
        "setuid" | "POSIX::setuid" => Sink::Escalate,
        _ => return None,
    })
}

fn ruby(name: &str, last: &str) -> Option<Sink> {
    Some(match name {
        "system" | "exec" | "spawn" | "sh" | "Kernel.system" | "Kernel.exec" | "Kernel.spawn"
        | "Process.spawn" | "Process.exec" | "IO.popen" | "Open3.capture2" | "Open3.capture3"
        | "Open3.popen3" | "PTY.spawn" => Sink::Argv,
        "open" | "File.open" | "File.new" | "Kernel.open" | "IO.open" => Sink::Open,
        "Pathname.new"
        | "Pathname"
        | "IO.copy_stream"
        | "File.read"
        | "IO.read"
        | "File.readlines"
        | "IO.readlines"
        | "File.binread"
        | "File.foreach"
        | "IO.binread"
        | "IO.foreach"
        | "YAML.load_file"
        | "YAML.safe_load_file"
        | "YAML.unsafe_load_file"
        | "Psych.load_file"
        | "JSON.load_file"
        | "CSV.read"
        | "CSV.foreach" => Sink::Read,
        "File.write" | "IO.write" | "File.binwrite" | "IO.binwrite" | "File.truncate"
        | "FileUtils.touch" => Sink::Write,
        "File.delete" | "File.unlink" | "Dir.rmdir" | "FileUtils.rm" | "FileUtils.rm_f" => {
            Sink::Delete
        }
        "FileUtils.rm_rf"
        | "FileUtils.rm_r"
        | "FileUtils.remove_dir"
        | "FileUtils.remove_entry_secure"
        | "FileUtils.rmtree"
        | "FileUtils.remove_entry" => Sink::DeleteTree,
        "FileUtils.mv" | "FileUtils.move" | "File.rename" => Sink::Rename,
        "FileUtils.cp" | "FileUtils.cp_r" | "FileUtils.copy" => Sink::Move,
        "File.symlink" | "FileUtils.ln_s" | "File.link" => Sink::Link,
        "eval" | "instance_eval" | "class_eval" | "Kernel.eval" | "binding.eval" => Sink::Evaluate,
        "ENV" | "ENV.each" | "ENV.to_h" | "ENV.to_a" | "ENV.inspect" | "ENV.map"
        | "ENV.each_pair" => Sink::Environment,
        "fork" | "Process.fork" => Sink::Fork,
        "Process.kill" => Sink::Kill,
        "TCPSocket.new"
        | "TCPSocket.open"
        | "UDPSocket.new"
        | "Net::HTTP.get"
        | "Net::HTTP.get_response"
        | "URI.open"
        | "Net::HTTP.start"
        | "Socket.tcp"
        | "TCPSocket" => Sink::Connect,
        "Net::HTTP.post" | "Net::HTTP.post_form" => Sink::Send,
        "Base64.decode64" | "Base64.strict_decode64" => Sink::Decode,
        "Process::Sys.setuid" | "Process.uid" => Sink::Escalate,
        "Fiddle.dlopen" | "Fiddle::Function.new" | "Fiddle::Handle.new" => Sink::Unseen,
        "RubyVM::InstructionSequence.compile"
        | "RubyVM::InstructionSequence.new"
        | "ERB.new"
        | "TOPLEVEL_BINDING.eval" => Sink::Evaluate,
        "RubyVM::InstructionSequence.load_from_binary" => Sink::Unseen,
        "YAML.unsafe_load" | "Psych.unsafe_load" | "YAML.unsafe_load_stream" => Sink::Unpickle,
        "load" | "require_relative" => Sink::Script,
        "Marshal.load" => Sink::Unpickle,
        _ => match last {
            "unpack1" | "unpack" | "decode64" => Sink::Decode,
            "class_eval" | "module_eval" | "instance_eval" => Sink::Evaluate,
            // By a name that is made up.
            "send" | "public_send" | "__send__" | "instance_method" => Sink::Evaluate,
            _ => return None,
        },
    })
}

fn javascript(name: &str, last: &str) -> Option<Sink> {
    Some(match name {
        "eval"
        | "Function"
        | "vm.runInNewContext"
        | "vm.runInThisContext"
        | "vm.Script"
        | "vm.compileFunction"
        | "vm.SourceTextModule"
        | "setTimeout"
        | "setInterval"
        | "globalThis.eval" => Sink::Evaluate,
        "process.env" | "Deno.env.toObject" | "Bun.env" => Sink::Environment,
        "process.binding" | "process.dlopen" => Sink::Load,
        "process.kill" => Sink::Kill,
        "process.setuid" | "process.setgid" => Sink::Escalate,
        "atob" | "Buffer.from" => Sink::Decode,
        "fetch"
        | "http.get"
        | "https.get"
        | "http.request"
        | "https.request"
        | "net.connect"
        | "net.createConnection"
        | "net.Socket"
        | "axios.get"
        | "XMLHttpRequest"
        | "WebSocket" => Sink::Connect,
        "axios.post" => Sink::Send,
        "Deno.run" | "Deno.Command" | "Bun.spawn" | "Bun.spawnSync" => Sink::Argv,
        "Deno.readTextFile" | "Deno.readTextFileSync" | "Deno.readFileSync" | "Bun.file" => {
            Sink::Read
        }
        "Deno.writeTextFile" | "Deno.writeTextFileSync" | "Bun.write" => Sink::Write,
        "Deno.remove" | "Deno.removeSync" => Sink::Delete,
        _ if name.ends_with("constructor.constructor") => Sink::Evaluate,
        _ => match last {
            "_compile" => Sink::Unseen,
            "execSync" | "execFileSync" | "spawnSync" | "execFile" | "spawn" => Sink::Argv,
            "exec"
                if name == "exec"
                    || name.contains("child_process")
                    || name.starts_with("cp.")
                    || name == ".exec" =>
            {
                Sink::Argv
            }
            "fork" if name.contains("child_process") || name.contains("cluster") => Sink::Fork,
            "config" if name == "dotenv.config" => Sink::Read,
            "readFileSync" | "readFile" | "createReadStream" | "openAsBlob" | "loadEnvFile" => {
                Sink::Read
            }
            "writeFileSync" | "writeFile" | "appendFileSync" | "appendFile"
            | "createWriteStream" => Sink::Write,
            "unlinkSync" | "unlink" | "rmdirSync" | "rmdir" => Sink::Delete,
            "rmSync" | "rm" if name.contains('.') => Sink::Delete,
            "removeSync" | "rimraf" | "rimrafSync" | "sync"
                if name.contains("rimraf") || name.contains("fs") =>
            {
                Sink::DeleteTree
            }
            "truncateSync" => Sink::Write,
            "truncate" if name.contains("fs") => Sink::Write,
            "renameSync" | "rename" => Sink::Rename,
            "chownSync" | "lchownSync" => Sink::Owner,
            "copyFileSync" | "copyFile" | "cpSync" => Sink::Move,
            "symlinkSync" | "symlink" | "linkSync" => Sink::Link,
            "chmodSync" | "chmod" => Sink::Mode,
            _ => return None,
        },
    })
}

fn php(name: &str) -> Option<Sink> {
    Some(match name {
        "system" | "exec" | "shell_exec" | "passthru" | "popen" | "proc_open" => Sink::Shell,
        "pcntl_exec" => Sink::Argv,
        "eval" | "assert" | "create_function" | "call_user_func" => Sink::Evaluate,
        "parse_ini_file"
        | "simplexml_load_file"
        | "file_get_contents"
        | "readfile"
        | "file"
        | "highlight_file"
        | "show_source"
        | "fpassthru" => Sink::Read,
        "file_put_contents" => Sink::Write,
        "fopen" | "gzopen" | "SplFileObject" => Sink::Open,
        "unlink" | "rmdir" => Sink::Delete,
        "rename" => Sink::Rename,
        "copy" => Sink::Move,
        "chown" | "chgrp" => Sink::Owner,
        "touch" => Sink::Write,
        "symlink" | "link" => Sink::Link,
        "chmod" => Sink::Mode,
        "base64_decode" | "gzinflate" | "gzuncompress" | "str_rot13" | "hex2bin" => Sink::Decode,
        "fsockopen" | "pfsockopen" | "curl_init" | "stream_socket_client" | "socket_connect" => {
            Sink::Connect
        }
        "mail" => Sink::Send,
        "$_ENV" | "getenv" | "phpinfo" => Sink::Environment,
        "pcntl_fork" => Sink::Fork,
        "posix_kill" => Sink::Kill,
        "posix_setuid" => Sink::Escalate,
        "include" | "require" | "include_once" | "require_once" => Sink::Script,
        "dl" => Sink::Load,
        "unserialize" => Sink::Unpickle,
        _ => return None,
    })
}

fn lua(name: &str) -> Option<Sink> {
    // The tables that hold the others.
    let name = ["_G.", "_ENV.", "package.loaded."]
        .iter()
        .find_map(|table| name.strip_prefix(table))
        .unwrap_or(name);
    Some(match name {
        "os.execute" | "io.popen" | "vim.fn.system" | "vim.cmd" => Sink::Shell,
        "io.open" => Sink::Open,
        "io.lines" | "io.input" => Sink::Read,
        "dofile" | "loadfile" => Sink::Script,
        "os.remove" => Sink::Delete,
        "os.rename" => Sink::Rename,
        "load" | "loadstring" => Sink::Evaluate,
        "package.loadlib" => Sink::Load,
        "socket.connect" | "socket.tcp" => Sink::Connect,
        _ => return None,
    })
}
