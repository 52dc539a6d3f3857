//! Elements that their own attributes hide.

/// Whether nobody would see an element with these attributes.
pub(super) fn hides<'a>(attributes: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> bool {
    for (name, value) in attributes {
        let hidden = match name {
            // `until-found` is shown when it is looked for.
            b"hidden" => !value.eq_ignore_ascii_case(b"until-found"),
            b"aria-hidden" => value.eq_ignore_ascii_case(b"true"),
            b"style" => style(value),
            _ => false,
        };
        if hidden {
            return true;
        }
    }
    false
}

/// Whether a `style` hides what it is about.
fn style(value: &[u8]) -> bool {
    const LONGEST: usize = 4096;
    let value = value.get(..LONGEST).unwrap_or(value);
    let plain: Vec<u8> = value
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(u8::to_ascii_lowercase)
        .collect();
    let plain = String::from_utf8_lossy(&plain).replace("!important", "");
    let (mut colour, mut behind) = ("", "");
    for declaration in plain.split(';') {
        let Some((name, value)) = declaration.split_once(':') else { continue };
        let hidden = match name {
            "display" => value == "none",
            "visibility" => matches!(value, "hidden" | "collapse"),
            "opacity" | "font-size" | "zoom" => nothing(value),
            "max-height" | "max-width" | "height" | "width" => {
                value != "auto" && nothing(value) && plain.contains("overflow")
            }
            "text-indent" | "left" | "top" | "right" | "bottom" | "margin-left" | "margin-top" => {
                far(value)
            }
            "clip" => value.starts_with("rect(0") || value.starts_with("rect(1px"),
            "clip-path" => matches!(value, "inset(50%)" | "inset(100%)"),
            "transform" => matches!(value, "scale(0)" | "scale(0,0)"),
            "color" => {
                colour = value;
                value == "transparent"
            }
            "background" | "background-color" => {
                behind = value;
                false
            }
            _ => false,
        };
        if hidden {
            return true;
        }
    }
    !colour.is_empty() && colour == behind
}

/// Zero, or so little that nothing is seen.
fn nothing(value: &str) -> bool {
    let end = value.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
    let (number, unit) = value.split_at_checked(end.unwrap_or(value.len())).unwrap_or((value, ""));
    let Ok(number) = number.parse::<f64>() else { return false };
    number == 0.0 || (unit == "px" && number < 2.0) || (unit.is_empty() && number < 0.05)
}

/// Out of every screen.
fn far(value: &str) -> bool {
    value.strip_prefix('-').is_some_and(|rest| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        digits >= 4 || (digits == 3 && rest.ends_with("em"))
    })
}
