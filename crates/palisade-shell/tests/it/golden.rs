//! The structure of trees, as [`sexpr`] prints it. `⏎` stands for a newline.

use palisade_shell::syntax::{Budget, parse};

use crate::sexpr;

const TREES: &[(&str, &str)] = &[
    (r#"echo hi 'a b' "c $d" \e"#, r#"(echo hi 'a b' "'c '·${d}" 'e')"#),
    (r"a=1 b+=2 c[$(x)]=3 d", r"(a=1 b+=2 c[$((x))]=3 d)"),
    (r#"a=(1 [k]=2 "$(x)")"#, r#"(a=(1 [k]=2 "$((x))"))"#),
    (r"declare -a x=(1 2) y=z", r"(declare -a x=·(1 2) y=z)"),
    (r"a && b || c; d &", r"(or (and (a) (b)) (c)) (& (d))"),
    (r"! a | b |& c", r"(! (| (a) (b) & (c)))"),
    (r"time -p a", r"(time (a))"),
    (r"cat <<E | grep x; y⏎a $b `c`⏎E", r"(| (cat <<'a '·${b}·' '·$((c))·'\n') (grep x)) (y)"),
    (r"cat <<-'E'⏎	a $b⏎	E", r"(cat <<'a $b\n')"),
    (r"a <<E <<F⏎1⏎E⏎2⏎F", r"(a <<'1\n' <<'2\n')"),
    (r"f() { cat <<E; }⏎$(x)⏎E", r"(function f (group (cat <<$((x))·'\n')))"),
    (
        r#"cat <<E⏎a\⏎b \$c \\ \d "e" ${f:-"g"}⏎E"#,
        r#"(cat <<'ab $c \\ \\d "e" '·${f:-"'g'"}·'\n')"#,
    ),
    (r"{ a; } >b 2>&1", r"(group (a) >b 2>&1)"),
    (
        r"a >&b; a >&2; a 2>&b; a >&$c; a &>b; a &>>b; a {fd}>b; a <&-; a >|b; a <>b; a <<<b",
        r"(a &>b) (a >&2) (a 2>&b) (a >&${c}) (a &>b) (a &>>b) (a {fd}>b) (a <&-) (a >|b) (a <>b) (a <<<b)",
    ),
    (r"if a; then b; elif c; then d; else e; fi", r"(if [(a)] [(b)] [(c)] [(d)] else [(e)])"),
    (r"while a; do b; done", r"(while [(a)] [(b)])"),
    (r"until a; do b; done", r"(until [(a)] [(b)])"),
    (r"for x in a $b {1..3}; do c; done", r"(for x [a ${b} {1..2..3}] [(c)])"),
    (r"for x; do c; done", r"(for x @ [(c)])"),
    (r"for ((i=0; i<$n; i++)) { c; }", r"(for (( i=0 ;  i<·${n} ;  i++ )) [(c)])"),
    (r"select x in a; do b; done", r"(select x [a] [(b)])"),
    (
        r#"case $x in (a|b*) c;; "d") ;& *) e; esac"#,
        r#"(case ${x} [a b*: (c)] ["'d'": ] [*: (e)])"#,
    ),
    (
        r"f() { a; }; function g (b) >c; f() ((1))",
        r"(function f (group (a))) (function g (sub (b) >c)) (function f (let 1))",
    ),
    (r"coproc X { a; }; coproc a b", r"(coproc X (group (a))) (coproc - (a b))"),
    (
        r"[[ -f $a && ! ( b == c* || $d =~ ^(e|f g)$ ) ]]",
        r"(test (-f ${a}) (== b c*) (=~ ${d} ^(e|f g)$))",
    ),
    (
        r"[[ a < b ]]; [[ $a ]]; [[ -v x[$(y)] ]]",
        r"(test (< a b)) (test (word ${a})) (test (-v x[·$((y))·]))",
    ),
    (r#"((i + $(a) * ("2")))"#, r"(let i + ·$((a))· * (2))"),
    (r"((a); b)", r"(sub (sub (a)) (b))"),
    (
        r"echo $((1 + ${x:-2} + `a`)) $[a[0] + 1] $((a); b)",
        r"(echo $[1 + ·${x:-'2'}· + ·$((a))] $[a[0] + 1] $((sub (a)) (b)))",
    ),
    (
        r"echo ${a} ${a:-b c} ${a-b} ${a:=b} ${a:+b} ${a:?b}",
        r"(echo ${a} ${a:-b c} ${a:-b} ${a:=b} ${a:+b} ${a:?b})",
    ),
    (r#"echo ${a#*/} ${a##b} ${a%.c} ${a%%"d"}"#, r#"(echo ${a#*/} ${a##b} ${a%.c} ${a%%"'d'"})"#),
    (
        r"echo ${a/b/c} ${a//b/c} ${a/#b/c} ${a/%b} ${a////_} ${a/$(b)/$(c)}",
        r"(echo ${a / b c} ${a // b c} ${a /^# b c} ${a /^% b ∅} ${a // / _} ${a / $((b)) $((c))})",
    ),
    (
        r"echo ${a:1} ${a:1:2} ${a: -1} ${a:b?1:2:3}",
        r"(echo ${a:1} ${a:1:2} ${a: -1} ${a:b?1:2:3})",
    ),
    (
        r#"echo ${a^} ${a,,} ${a~} ${a^^[b]} ${a@P} ${!a} ${!a@} ${!a[@]} ${#a} ${#a[@]} ${a[i+1]} ${a["k l"]}"#,
        r#"(echo ${a^∅} ${a,,∅} ${a~∅} ${a^^[b]} ${a@P} ${!a} ${!a*names} ${!a[@]*keys} ${#a} ${#a[@]} ${a[i+1]} ${a["'k l'"]})"#,
    ),
    (
        r"echo $1 $10 ${10} $# ${#} ${##} ${#-} $$ $_ $@ ${!#} ${#:-x}",
        r"(echo ${1} ${1}·0 ${10} ${#} ${#} ${##} ${#-} ${$} ${_} ${@} ${!#} ${#:-x})",
    ),
    (
        r#"echo "${a:-'$(b)'}" "${a:-"c"}" "${a#'d'}" "${a:-\}}""#,
        r#"(echo "${a:-'''·$((b))·'''}" "${a:-"'c'"}" "${a#'d'}" "${a:-'}'}")"#,
    ),
    (r"echo ${a:-{b}} ${a:-<(b)} ${a:-'}'}", r"(echo ${a:-{b}·} ${a:-<((b))} ${a:-'}'})"),
    (r#"echo $'a\x41\tb\0c' $"d $e""#, r#"(echo 'aA\tb' "'d '·${e}")"#),
    (
        r#"echo {a,b} x{1,{2,3}}y {1..3} {c..a} {01..3} {a} {} {a,"b,c",$d} {a\,b,c} {a,b {a..}"#,
        r#"(echo {a,b} x·{1,{2,3}}·y {1..2..3} {c..b..a} {01..02..03} {a} {} {a,"'b,c'",${d}} {a·','·b,c} {a,b {a..})"#,
    ),
    (r#"echo "{a,b}" '{a,b}' ${a}{,} a={b,c}"#, r#"(echo "'{a,b}'" '{a,b}' ${a}·{∅,∅} a=·{b,c})"#),
    (r"3<&-a >&-b >&1- c", r"(a b c 3<&- >&- >&1-)"),
    (r"x={a,b} y=~/z", r"(x={a,b} y=~/z)"),
    (r"echo @(a|b*(c)) !(d) *.{c,h}", r"(echo @(a|b·*(c)) !(d) *.·{c,h})"),
    (r"a <(b <(c)) >(d) e<(f)g", r"(a <((b <((c)))) >((d)) e·<((f))·g)"),
    (r#"echo `a \`b \\\`c\\\`\`` `d "e"`"#, r#"(echo $((a $((b $((c)))))) $((d "'e'")))"#),
    (r#"echo "`a \"b\"`" "`a "b"`""#, r#"(echo "$((a "'b'"))" "$((a "'b'"))")"#),
    (r#"echo "$(a "$(b 'c')")""#, r#"(echo "$((a "$((b 'c'))"))")"#),
    (r"x=$(case a in b) c;; esac)", r"(x=$((case a [b: (c)])))"),
    (
        r#"echo a\⏎b "c\⏎d" 'e\⏎f'; i\⏎f g; then h; fi"#,
        r#"(echo ab "'cd'" 'e\\\nf') (if [(g)] [(h)])"#,
    ),
    (r"echo a#b # c", r"(echo a#b)"),
    (r"echo ~ ~a =b a=~ [a] *?", r"(echo ~ ~a =b a=~ [a] *?)"),
    (r"echo if then; echo }", r"(echo if then) (echo })"),
    (r"a	b c", r"(a b c)"),
    (
        r"ls *(.e:'rm x':) ls(.) *.(c|h) =ls =(a)",
        r"(ls zsh<*(.e:'rm x':)> ls·zsh<(.)> *.·zsh<(c|h)> =ls <((a)))",
    ),
    (
        r#"echo ${(e)x} ${${a}:-$(b)} ${(f)"$(c)"}"#,
        r#"(echo ${(e)x} zsh<${${a}:-$(b)}>·${a}·$((b)) zsh<${(f)"$(c)"}>·"$((c))")"#,
    ),
    (r"{ a; } always { b; }", r"(group (a) (b))"),
    (r"repeat 3 a b", r"(while [(repeat 3)] [(a b)])"),
    (r"for x (a b) c", r"(for x [a b] [(c)])"),
    (r"a >!b c; d &! ; e &|", r"(a c >|b) (& (d)) (! ()) (& (e))"),
    (r"f g() { a; }", r"(function f (group (a)))"),
];

/// Trees of what zsh reads in another way.
const NOTED: &[(&str, &str)] =
    &[(r"a >! b c; a >!b; a >! ; >! a", r"(a b c >|b) (a >|b) (a >!) (a >|a)")];

#[test]
fn trees() {
    for (text, expected) in TREES.iter().chain(NOTED) {
        let parsed = parse(&text.replace('⏎', "\n"), &mut Budget::default());
        assert_eq!(parsed.problem, None, "{text}");
        assert_eq!(sexpr::script(&parsed.script), *expected, "{text}");
    }
}
