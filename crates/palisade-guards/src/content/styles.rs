//! Styles by which text of a page is not seen: declarations, and the rules of a
//! page's own style sheets.
//!
//! **Known gaps.** Sheets that are loaded, styles that scripts set, layers that
//! cover text, rules whose selectors name what stands around an element by more
//! than its tag, and conditions on the size of the screen are not looked at.

use std::collections::HashMap;

/// How a style hides text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hiding {
    /// By what: `opacity`, `colour`, `display`.
    pub how: &'static str,
    /// Whether nobody hides text in this way for a good reason.
    pub odd: bool,
    /// Whether it may be seen all the same, by what stands around it.
    pub perhaps: bool,
}

/// So much of a style is read.
const LONGEST: usize = 4096;
/// So many rules of the sheets of a page are kept.
const MOST: usize = 1024;

/// How the declarations of a `style` hide what they are about.
pub fn hiding(style: &str) -> Option<Hiding> {
    let declared = Declared::of(style);
    let get = |name: &str| declared.get(name);
    let number = |name: &str| get(name).and_then(size);
    let found = |how, odd| Some(Hiding { how, odd, perhaps: false });
    let is_nothing = |name: &str| number(name).is_some_and(|(number, unit)| little(number, unit));
    let faint = |value: &str| {
        size(value).is_some_and(|(number, unit)| number < if unit == "%" { 5.0 } else { 0.05 })
    };
    let filtered = get("filter").and_then(|filter| filter.split_once("opacity("));
    if get("opacity").is_some_and(faint)
        || get("fill-opacity").is_some_and(faint)
        || filtered.is_some_and(|(_, value)| faint(value))
    {
        return found("opacity", true);
    }
    let small = |value: &str| {
        size(value).is_some_and(|(number, unit)| match unit {
            "em" | "rem" => number <= 0.1,
            "%" | "vw" | "vh" => number <= 1.0,
            _ => number <= 2.0,
        })
    };
    let in_font = get("font").is_some_and(|font| {
        font.split([' ', '/']).any(|part| part.starts_with('0') && small(part))
    });
    if get("font-size").is_some_and(small) || in_font || get("zoom").is_some_and(faint) {
        return found("font size", true);
    }
    let colour = get("-webkit-text-fill-color").or_else(|| get("color"));
    let letters = colour.and_then(Colour::of);
    let behind = get("background-color")
        .and_then(Colour::of)
        .or_else(|| get("background")?.split(' ').find_map(Colour::of));
    if letters.is_some_and(|letters| {
        letters.clear || behind.is_some_and(|behind| !behind.clear && letters.is_near(behind))
    }) {
        return found("colour", true);
    }
    let masked = get("mask").or_else(|| get("mask-image")).or_else(|| get("-webkit-mask-image"));
    if masked.is_some_and(|mask| {
        mask.contains("gradient(transparent,transparent") || mask.contains("gradient(#0000,#0000")
    }) {
        return found("mask", true);
    }
    if get("display") == Some("none") || get("content-visibility") == Some("hidden") {
        return found("display", false);
    }
    if matches!(get("visibility"), Some("hidden" | "collapse")) {
        return found("visibility", false);
    }
    let far = ["left", "top", "text-indent", "margin-left", "margin-top", "right", "bottom"]
        .into_iter()
        .any(|name| number(name).is_some_and(|(number, unit)| is_far(number, unit)));
    let beyond = ["left", "right", "text-indent", "margin-left"]
        .into_iter()
        .any(|name| number(name).is_some_and(|(number, unit)| is_far(-number / 8.0, unit)));
    let moved = ["transform", "translate", "scale", "rotate"]
        .into_iter()
        .any(|name| get(name).is_some_and(|value| moves_away(name, value)));
    let clipped = get("clip").is_some_and(|clip| {
        let inner = clip.strip_prefix("rect(").unwrap_or_default();
        inner.starts_with('0') || inner.starts_with("1px")
    }) || get("clip-path").is_some_and(clips_all);
    if far || beyond || moved || clipped {
        return found("position", false);
    }
    let hides_rest = ["overflow", "overflow-x", "overflow-y"].into_iter().any(|name| {
        get(name).is_some_and(|value| value.contains("hidden") || value.contains("clip"))
    });
    let no_size = ["height", "width", "max-height", "max-width", "line-height", "block-size"];
    if hides_rest && no_size.into_iter().any(is_nothing) {
        return found("size", false);
    }
    let pale = letters.is_some_and(|letters| letters.is_near(Colour::WHITE)) && behind.is_none();
    pale.then_some(Hiding { how: "colour", odd: false, perhaps: true })
}

/// Declarations as they count: the last of a name, or the last that is
/// important.
struct Declared {
    plain: String,
}

impl Declared {
    fn of(style: &str) -> Self {
        Self { plain: plain(style) }
    }

    fn get(&self, name: &str) -> Option<&str> {
        let mut last: Option<(&str, bool)> = None;
        for declaration in self.plain.split(';') {
            let Some((key, value)) = declaration.split_once(':') else { continue };
            if key.trim() != name {
                continue;
            }
            let value = value.trim();
            let bare = value.strip_suffix("!important").map(str::trim_end);
            let important = bare.is_some();
            if important || !last.is_some_and(|(_, important)| important) {
                last = Some((bare.unwrap_or(value), important));
            }
        }
        last.map(|(value, _)| value)
    }
}

/// A style in small letters, without comments and escapes, with one space where
/// spaces matter.
fn plain(style: &str) -> String {
    let mut out = String::new();
    let mut rest =
        style.get(..style.floor_char_boundary(LONGEST.min(style.len()))).unwrap_or_default();
    while let Some(letter) = rest.chars().next() {
        let mut length = letter.len_utf8();
        if rest.starts_with("/*") {
            length = rest.find("*/").map_or(rest.len(), |end| end + 2);
        } else if letter == '\\' {
            let after = rest.get(1..).unwrap_or_default();
            let digits = after.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
            match after.get(..digits).and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
                Some(code) => {
                    out.extend(char::from_u32(code).map(|letter| letter.to_ascii_lowercase()));
                    let space =
                        after.get(digits..).is_some_and(|rest| rest.starts_with([' ', '\n', '\t']));
                    length = 1 + digits + usize::from(space);
                }
                None => {
                    out.extend(after.chars().next().map(|letter| letter.to_ascii_lowercase()));
                    length = 1 + after.chars().next().map_or(0, char::len_utf8);
                }
            }
        } else if letter.is_whitespace() {
            if out.ends_with(|last: char| last.is_alphanumeric() || matches!(last, ')' | '%')) {
                out.push(' ');
            }
        } else {
            if matches!(letter, ',' | '(' | ')' | '/' | '!' | ':' | ';') && out.ends_with(' ') {
                out.pop();
            }
            out.push(letter.to_ascii_lowercase());
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    out
}

/// A number and its unit, at the beginning of a value.
fn size(value: &str) -> Option<(f64, &str)> {
    let value = value.strip_prefix("calc(").unwrap_or(value);
    let end = value
        .find(|letter: char| !letter.is_ascii_digit() && !matches!(letter, '.' | '-' | '+'))
        .unwrap_or(value.len());
    let (number, rest) = value.split_at_checked(end)?;
    let unit = rest
        .find(|letter: char| !letter.is_ascii_alphabetic() && letter != '%')
        .map_or(Some(rest), |end| rest.get(..end))?;
    Some((number.parse().ok()?, unit))
}

/// So small that nothing is seen.
fn little(number: f64, unit: &str) -> bool {
    number
        <= match unit {
            "em" | "rem" => 0.1,
            "%" | "vw" | "vh" => 0.0,
            "" => 0.05,
            _ => 1.0,
        }
}

/// Out of every screen.
fn is_far(number: f64, unit: &str) -> bool {
    number
        <= match unit {
            "em" | "rem" | "ch" => -50.0,
            "%" | "vw" | "vh" | "vmin" | "vmax" => -100.0,
            _ => -500.0,
        }
}

/// Whether a transformation takes its element away or makes it nothing.
fn moves_away(name: &str, value: &str) -> bool {
    let nothing = |value: &str| {
        value
            .split([',', ' ', ')'])
            .take(2)
            .any(|part| size(part).is_some_and(|(number, _)| number.abs() < 0.02))
    };
    let far = |value: &str| {
        value.split([',', ' ', ')']).take(3).any(|part| {
            size(part).is_some_and(|(number, unit)| {
                is_far(if unit == "%" { number / 2.0 } else { number }, unit)
            })
        })
    };
    let edge = |value: &str| {
        size(value).is_some_and(|(number, unit)| (number.abs() - 90.0).abs() < 0.5 && unit == "deg")
    };
    match name {
        "scale" => nothing(value),
        "translate" => far(value),
        "rotate" => {
            (value.starts_with("x ") || value.starts_with("y "))
                && edge(value.get(2..).unwrap_or_default())
        }
        _ => value.split(')').any(|part| {
            let Some((name, inner)) = part.trim().split_once('(') else { return false };
            match name {
                "scale" | "scalex" | "scaley" | "scale3d" => nothing(inner),
                "translate" | "translatex" | "translatey" | "translate3d" => far(inner),
                "rotatex" | "rotatey" => edge(inner),
                "matrix" => inner.starts_with("0,0,0,0"),
                _ => false,
            }
        }),
    }
}

fn clips_all(value: &str) -> bool {
    let Some((name, inner)) = value.split_once('(') else { return false };
    match name {
        "inset" => size(inner).is_some_and(|(number, unit)| number >= 50.0 && unit == "%"),
        "circle" | "ellipse" => size(inner).is_some_and(|(number, _)| number <= 1.0),
        "polygon" => {
            let numbers: Vec<&str> =
                inner.split([',', ' ', ')']).filter(|part| !part.is_empty()).collect();
            !numbers.is_empty()
                && numbers.iter().all(|part| size(part).is_some_and(|(number, _)| number == 0.0))
        }
        _ => false,
    }
}

/// A colour, as far as it matters whether letters of it are seen.
#[derive(Clone, Copy)]
struct Colour {
    parts: [f64; 3],
    clear: bool,
}

impl Colour {
    const WHITE: Self = Self { parts: [255.0; 3], clear: false };

    fn of(value: &str) -> Option<Self> {
        let grey = |level: f64| Some(Self { parts: [level; 3], clear: false });
        match value {
            "transparent" => return Some(Self { parts: [0.0; 3], clear: true }),
            "white" | "snow" | "ivory" | "ghostwhite" | "floralwhite" => return grey(255.0),
            "whitesmoke" => return grey(245.0),
            "black" => return grey(0.0),
            "grey" | "gray" => return grey(128.0),
            _ => {}
        }
        if let Some(digits) = value.strip_prefix('#') {
            let short = digits.len() == 3 || digits.len() == 4;
            let width = if short { 1 } else { 2 };
            let mut parts = [0.0; 4];
            parts[3] = 255.0;
            for (part, at) in parts.iter_mut().zip((0..digits.len()).step_by(width)) {
                let number = u32::from_str_radix(digits.get(at..at + width)?, 16).ok()?;
                *part = f64::from(if short { number * 17 } else { number });
            }
            let [red, green, blue, alpha] = parts;
            return matches!(digits.len(), 3 | 4 | 6 | 8)
                .then_some(Self { parts: [red, green, blue], clear: alpha < 13.0 });
        }
        let (name, inner) = value.split_once('(')?;
        let kind = name.strip_suffix('a').unwrap_or(name);
        if !matches!(kind, "rgb" | "hsl" | "hwb" | "lab" | "lch" | "oklch" | "oklab") {
            return None;
        }
        let parts: Vec<(f64, &str)> =
            inner.trim_end_matches(')').split([',', ' ', '/']).filter_map(size).collect();
        let clear = parts
            .get(3)
            .is_some_and(|(alpha, unit)| *alpha < if *unit == "%" { 5.0 } else { 0.05 });
        let part = |at: usize| parts.get(at).map(|(number, _)| *number);
        let parts = [part(0)?, part(1)?, part(2)?];
        match kind {
            "rgb" => Some(Self { parts, clear }),
            // Only how light it is, where it has no colour.
            "hsl" if parts[1] == 0.0 || matches!(parts[2], 0.0 | 100.0) => {
                Some(Self { parts: [parts[2] * 2.55; 3], clear })
            }
            _ => clear.then_some(Self { parts, clear }),
        }
    }

    fn is_near(self, other: Self) -> bool {
        let apart: f64 =
            self.parts.iter().zip(other.parts).map(|(one, other)| (one - other).abs()).sum();
        apart <= 24.0
    }
}

/// The rules of the sheets in a page that may hide text.
#[derive(Debug, Default)]
pub struct Sheet {
    rules: Vec<Rule>,
    /// The rules by the id, class or tag that they are about.
    by: HashMap<String, Vec<usize>>,
}

#[derive(Debug)]
struct Rule {
    wanted: Vec<String>,
    declarations: String,
    weight: usize,
}

/// What of an element selectors ask for.
#[derive(Debug, Clone, Copy)]
pub struct Element<'e> {
    /// Its name, in small letters.
    pub tag: &'e str,
    /// The `id`.
    pub id: &'e str,
    /// The `class`: names apart by spaces.
    pub classes: &'e str,
    /// Names and values of all attributes.
    pub attributes: &'e [(&'e str, &'e str)],
}

/// What declarations have to do with whether text is seen.
const ABOUT: [&str; 22] = [
    "display",
    "visib",
    "opacity",
    "font",
    "zoom",
    "color",
    "background",
    "mask",
    "left",
    "right",
    "top",
    "bottom",
    "indent",
    "margin",
    "transform",
    "translate",
    "scale",
    "rotate",
    "clip",
    "height",
    "width",
    "overflow",
];

impl Sheet {
    /// Takes the rules of a sheet in.
    pub fn read(&mut self, css: &str) {
        let mut rest = css;
        // How deep the conditions are that are looked into.
        while let Some(open) = rest.find('{') {
            let prelude = plain(
                rest.get(..open)
                    .unwrap_or_default()
                    .trim_start_matches(['}', ' ', '\n', '\r', '\t']),
            );
            let prelude = prelude.rsplit(['}', ';']).next().unwrap_or_default().trim();
            let body = rest.get(open + 1..).unwrap_or_default();
            if prelude.starts_with('@') && applies(prelude) {
                rest = body;
                continue;
            }
            let end = if prelude.starts_with('@') { matching(body) } else { body.find('}') };
            let end = end.unwrap_or(body.len());
            if !prelude.starts_with('@') {
                self.rule(prelude, body.get(..end).unwrap_or_default());
            }
            rest = body.get(end..).unwrap_or_default().trim_start_matches('}');
        }
    }

    fn rule(&mut self, selectors: &str, declarations: &str) {
        let declarations = plain(declarations);
        if !ABOUT.iter().any(|name| declarations.contains(name)) {
            return;
        }
        for selector in selectors.split(',') {
            let Some(wanted) = wanted(selector) else { continue };
            if self.rules.len() >= MOST {
                return;
            }
            let key = |mark: &str| wanted.iter().find(|part| part.starts_with(mark)).cloned();
            let key = key("#").or_else(|| key(".")).or_else(|| key("<")).unwrap_or_default();
            let weight = wanted
                .iter()
                .map(|part| match part.as_bytes().first() {
                    Some(b'#') => 100,
                    Some(b'<') => 1,
                    _ => 10,
                })
                .sum();
            self.by.entry(key).or_default().push(self.rules.len());
            self.rules.push(Rule { wanted, declarations: declarations.clone(), weight });
        }
    }

    /// Whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// How the rules, and then the element's own style, hide an element.
    pub fn hiding(&self, element: &Element<'_>, style: &str) -> Option<Hiding> {
        let mut matching: Vec<(usize, usize)> = Vec::new();
        let tag = format!("<{}", element.tag);
        let id = format!("#{}", element.id);
        let keys = element.classes.split_whitespace().take(32).map(|class| format!(".{class}"));
        for key in keys.chain([id, tag, String::new()]) {
            for at in self.by.get(&key).into_iter().flatten() {
                if let Some(rule) = self.rules.get(*at)
                    && rule.wanted.iter().all(|part| element.is(part))
                {
                    matching.push((rule.weight, *at));
                }
            }
        }
        // Whole pages are hidden until a script has run, or shown by one.
        let is_page = matches!(element.tag, "html" | "body");
        if is_page || (matching.is_empty() && style.is_empty()) {
            return None;
        }
        matching.sort_unstable();
        matching.dedup();
        let mut all = String::new();
        let kept = matching.len().saturating_sub(16);
        for (_, at) in matching.iter().skip(kept) {
            all.push_str(self.rules.get(*at).map_or("", |rule| &rule.declarations));
            all.push(';');
        }
        all.truncate(all.floor_char_boundary(LONGEST / 2));
        all.push(';');
        all.push_str(style);
        hiding(&all)
    }
}

impl Element<'_> {
    fn is(&self, part: &str) -> bool {
        let rest = part.get(1..).unwrap_or_default();
        match part.as_bytes().first() {
            Some(b'<') => self.tag == rest,
            Some(b'#') => self.id.eq_ignore_ascii_case(rest),
            Some(b'.') => {
                self.classes.split_whitespace().any(|class| class.eq_ignore_ascii_case(rest))
            }
            Some(b'[') => {
                let (name, value) = rest.split_once('=').unwrap_or((rest, ""));
                let wanted = value.trim_matches(['"', '\'']);
                let (name, how) = match name.as_bytes().last() {
                    Some(b'^' | b'$' | b'*' | b'~' | b'|') => {
                        name.split_at_checked(name.len() - 1).unwrap_or((name, ""))
                    }
                    _ => (name, ""),
                };
                self.attributes.iter().any(|(key, value)| {
                    let value = value.to_ascii_lowercase();
                    key.eq_ignore_ascii_case(name)
                        && match how {
                            "^" => value.starts_with(wanted),
                            "$" => value.ends_with(wanted),
                            "" => !rest.contains('=') || value == wanted,
                            _ => value.contains(wanted),
                        }
                })
            }
            _ => false,
        }
    }
}

/// What a selector asks of an element: `<tag`, `.class`, `#id`, `[name=value`.
fn wanted(selector: &str) -> Option<Vec<String>> {
    let mut compounds = selector.split([' ', '>']).filter(|part| !part.is_empty()).rev();
    let last = compounds.next()?;
    // What stands around is known by its tag only.
    if compounds.any(|part| !part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'*'))
        || selector.contains([':', '+', '~'])
    {
        return None;
    }
    let mut parts: Vec<String> = Vec::new();
    for letter in last.trim_end_matches(']').chars() {
        match letter {
            '.' | '#' | '['
                if !parts
                    .last()
                    .is_some_and(|part| part.starts_with('[') && !part.ends_with(']')) =>
            {
                parts.push(letter.to_string());
            }
            ']' => parts.last_mut()?.push(']'),
            '*' if parts.is_empty() => {}
            letter => match parts.last_mut() {
                Some(part) if !part.ends_with(']') => part.push(letter),
                _ => parts.push(format!("<{letter}")),
            },
        }
    }
    for part in &mut parts {
        if part.ends_with(']') {
            part.pop();
        }
    }
    // A rule about everything hides nothing in particular.
    (!parts.is_empty() && parts.len() < 8).then_some(parts)
}

/// Whether what stands under a condition always applies.
fn applies(condition: &str) -> bool {
    let end = condition.find([' ', '(']).unwrap_or(condition.len());
    let (name, rest) = condition.split_at_checked(end).unwrap_or((condition, ""));
    match name {
        "@media" => {
            let rest = rest.replace(' ', "");
            let always = ["", "all", "screen", "onlyscreen", "onlyall"];
            let (kind, size) = rest.split_once('(').unwrap_or((&rest, ""));
            let kind = kind.trim_end_matches("and");
            always.contains(&kind)
                && (size.is_empty()
                    || size
                        .strip_prefix("min-width:")
                        .or_else(|| size.strip_prefix("min-height:"))
                        .and_then(self::size)
                        .is_some_and(|(number, unit)| {
                            number <= 1.0 || (number <= 240.0 && unit == "px")
                        }))
        }
        "@supports" | "@layer" => true,
        _ => false,
    }
}

/// Where the block that is open at the beginning of `body` ends.
fn matching(body: &str) -> Option<usize> {
    let mut depth = 0_usize;
    body.bytes().position(|byte| {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => return true,
            b'}' => depth -= 1,
            _ => {}
        }
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hiding_styles_are_known() {
        for (how, styles) in [
            (
                "opacity",
                &[
                    "opacity:0",
                    "opacity: .0",
                    "opacity:0%",
                    "OPACITY : 0.01",
                    "filter:opacity(0)",
                    "filter: opacity(0%)",
                ][..],
            ),
            (
                "font size",
                &[
                    "font-size:0",
                    "font-size: 0.1px",
                    "font-size:1px",
                    "font:0/0 a",
                    "zoom:0",
                    "font-size:0.01em",
                ],
            ),
            (
                "colour",
                &[
                    "color:transparent",
                    "color: rgba(0, 0, 0, 0)",
                    "color:rgb(0 0 0 / 0%)",
                    "color:hsla(0,0%,0%,0)",
                    "color:#fff0",
                    "color:#00000000",
                    "color:white;background:#fff",
                    "color:#fefefe;background-color:white",
                    "background:url(x.png) #000;color:#010101",
                    "-webkit-text-fill-color:transparent",
                    "color:hsl(0,0%,100%);background:white",
                    "color:red;color:transparent!important;color:red",
                ],
            ),
            (
                "display",
                &[
                    "display:none",
                    "dis\\70lay:no/**/ne",
                    "Display : None !important",
                    "content-visibility:hidden",
                    "d\\69 splay: none",
                ],
            ),
            ("visibility", &["visibility:hidden", "visibility:collapse"]),
            (
                "position",
                &[
                    "position:absolute;left:-9999px",
                    "text-indent:-999em",
                    "top:-100vh",
                    "left:200vw;left:9999px",
                    "transform:scale(0)",
                    "transform: translateX(-9999px)",
                    "transform:translate(-200%, 0)",
                    "scale:0",
                    "transform:rotateX(90deg)",
                    "clip:rect(0,0,0,0)",
                    "clip: rect(1px 1px 1px 1px)",
                    "clip-path:inset(50%)",
                    "clip-path: inset(100%)",
                    "clip-path:circle(0)",
                    "clip-path:polygon(0 0, 0 0, 0 0)",
                    "translate:-9999px 0",
                ],
            ),
            (
                "size",
                &[
                    "height:0;overflow:hidden",
                    "max-height:0;overflow:hidden",
                    "width:1px;height:1px;overflow:clip",
                    "line-height:0;overflow:hidden",
                ],
            ),
            ("mask", &["mask:linear-gradient(transparent, transparent)"]),
        ] {
            for style in styles {
                assert_eq!(hiding(style).map(|hiding| hiding.how), Some(how), "{style}");
            }
        }
        for style in [
            "",
            "opacity:.9",
            "font-size:12px",
            "color:#333;background:#fff",
            "left:-20px",
            "display:block",
            "transform:scale(1.05)",
            "transform:translate(-50%,-50%)",
            "font:12px/1.5 Arial",
            "height:0",
            "zoom:1",
            "color:rgba(0,0,0,.8)",
            "clip-path:circle(50%)",
            "margin-left:-15px",
            "display:none;display:block",
            "filter:opacity(50%)",
            "background:#fff",
            "opacity:1",
            "max-width:100%;overflow:hidden",
        ] {
            assert_eq!(hiding(style), None, "{style}");
        }
    }

    #[test]
    fn sheets_hide_what_they_are_about() {
        let mut sheet = Sheet::default();
        sheet.read(
            "/* x */ p{margin:0} .h, #s { display:none } span.q{opacity:0}\n@media print{.p{display:none}}\
             @media all { [data-x] { font-size:0 } } @media (max-width:600px){.m{display:none}}\
             body .b{visibility:hidden} .a .c{display:none} .o{display:none} div.o{display:block} @supports (a:b){i{color:transparent}}",
        );
        let how = |tag, id, classes, attributes: &[(&str, &str)]| {
            sheet.hiding(&Element { tag, id, classes, attributes }, "").map(|hiding| hiding.how)
        };
        assert_eq!(how("p", "", "a h", &[]), Some("display"));
        assert_eq!(how("p", "s", "", &[]), Some("display"));
        assert_eq!(how("span", "", "q", &[]), Some("opacity"));
        assert_eq!(how("p", "", "q", &[]), None);
        assert_eq!(how("p", "", "p", &[]), None);
        assert_eq!(how("p", "", "m", &[]), None);
        assert_eq!(how("p", "", "", &[("data-x", "1")]), Some("font size"));
        assert_eq!(how("p", "", "b", &[]), Some("visibility"));
        assert_eq!(how("p", "", "c", &[]), None);
        assert_eq!(how("p", "", "o", &[]), Some("display"));
        assert_eq!(how("div", "", "o", &[]), None);
        assert_eq!(how("i", "", "", &[]), Some("colour"));
    }
}
