//! Lists in one variable, separated by commas, blanks or both.

use super::desk::Desk;
use super::report::Problem;
use super::table::setting;

/// The items of a list, without what separates them.
pub(super) fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| character == ',' || character.is_whitespace())
        .filter(|item| !item.is_empty())
}

/// Reads a list whose every item `parse` understands. Else notes one problem, which names the items that it does not.
pub(super) fn parse_list<T>(
    desk: &mut Desk<'_>,
    name: &str,
    text: &str,
    parse: fn(&str) -> Option<T>,
) -> Option<Vec<T>> {
    let mut list = Vec::new();
    let mut odd = Vec::new();
    for item in items(text) {
        match parse(item) {
            Some(value) => list.push(value),
            None => odd.push(item),
        }
    }
    if odd.is_empty() {
        return Some(list);
    }
    let expected = setting(name).values;
    desk.problem(Problem::value(name, &odd.join(", "), expected));
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_separated_by_commas_and_blanks() {
        for (text, expected) in [
            ("", &[][..]),
            (" ,\t,\n", &[]),
            ("a", &["a"]),
            ("a,b", &["a", "b"]),
            (" a , b c\td,,e,", &["a", "b", "c", "d", "e"]),
        ] {
            assert_eq!(items(text).collect::<Vec<_>>(), expected, "{text:?}");
        }
    }
}
