//! Elements that their own attributes, or the page's own sheets, hide.

use palisade_guards::content::styles::{Element, Sheet};

/// Whether nobody would see an element of that name with these attributes.
pub(super) fn hides<'a>(
    name: &[u8],
    attributes: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    sheet: &Sheet,
) -> bool {
    let tag = String::from_utf8_lossy(name);
    let owned: Vec<(String, String)> = attributes
        .map(|(name, value)| {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            (text(name), text(value))
        })
        .collect();
    if owned.is_empty() && sheet.is_empty() && tag != "dialog" {
        return false;
    }
    let mut style = String::new();
    let (mut id, mut classes, mut opened) = ("", "", false);
    for (name, value) in &owned {
        match name.as_str() {
            // `until-found` is shown when it is looked for.
            "hidden" if !value.eq_ignore_ascii_case("until-found") => return true,
            "aria-hidden" if value.eq_ignore_ascii_case("true") => return true,
            "id" => id = value.as_str(),
            "class" => classes = value.as_str(),
            "open" => opened = true,
            _ => {}
        }
    }
    if tag == "dialog" && !opened {
        return true;
    }
    if let Some((_, own)) = owned.iter().find(|(name, _)| name == "style") {
        style.push_str(own);
    }
    let attributes: Vec<(&str, &str)> =
        owned.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let element = Element { tag: &tag, id, classes, attributes: &attributes };
    sheet.hiding(&element, &style).is_some_and(|hiding| !hiding.perhaps)
}
