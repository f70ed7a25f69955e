//! What a library writes to the log: a format with its arguments, made one line.
//!
//! Two forms are in use and may be mixed: that of printf (`%u`, `%ws`, `%-8hs`) and that of FormatMessage (`%1!u!`,
//! `%2`, with the argument's number first). `s` and `ws` are strings of the library's width, `hs` and `S` of chars;
//! `l` means 32 bits as on Windows, `ll`, `I64` and `z` 64. `%n` writes nothing.
//!
//! Arguments are fetched in their order, each once, by the kind that its first mention gives it.

use std::ffi::c_void;

use mainstay_host::resource_type::TEXT_LENGTH_MAX;
use mainstay_resutils::wide::{STRING_LENGTH_MAX, Unit};

/// How many arguments a format may name. The longest lines of known libraries take eight.
const ARGUMENTS_MAX: usize = 32;

/// How wide a field may be padded.
const FIELD_WIDTH_MAX: usize = 256;

/// The arguments of one call.
pub(crate) trait Arguments {
    fn int(&mut self) -> i32;
    fn long(&mut self) -> i64;
    fn double(&mut self) -> f64;
    fn pointer(&mut self) -> *const c_void;
}

/// What an argument is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Int,
    Long,
    Double,
    Pointer,
}

#[derive(Clone, Copy)]
enum Fetched {
    Int(i32),
    Long(i64),
    Double(f64),
    Pointer(*const c_void),
}

/// What stands in a format: text, or an argument and how it is shown.
enum Piece {
    Text(String),
    Argument { place: usize, show: Show },
}

#[derive(Clone, Copy, Default)]
struct Show {
    conversion: char,
    kind: Option<Kind>,
    narrow_text: bool,
    left: bool,
    zeros: bool,
    plus: bool,
    alternate: bool,
    field_width: usize,
    precision: Option<usize>,
}

/// The line that a format and its arguments make, at most [`TEXT_LENGTH_MAX`] bytes long.
///
/// # Safety
/// The arguments are those that the format names; string arguments are null or end with a NUL of their width, or
/// where a precision bounds them.
pub(crate) unsafe fn format<U: Unit>(format: &str, arguments: &mut dyn Arguments) -> String {
    let pieces = parse(format);
    let fetched = fetch(&pieces, arguments);
    let mut line = String::new();
    for piece in &pieces {
        match piece {
            Piece::Text(text) => line.push_str(text),
            Piece::Argument { place, show } => {
                // SAFETY: the caller's promise.
                let text = unsafe { shown::<U>(*show, fetched.get(*place).copied()) };
                pad(&mut line, &text, *show);
            }
        }
        if line.len() > TEXT_LENGTH_MAX {
            break;
        }
    }
    let end =
        (0..=TEXT_LENGTH_MAX.min(line.len())).rev().find(|&end| line.is_char_boundary(end)).unwrap_or(0);
    line.truncate(end);
    line.truncate(line.trim_end().len());
    line
}

fn parse(format: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = format;
    let mut next_place = 0;
    while let Some(at) = rest.find('%') {
        let (text, after) = rest.split_at(at);
        push_text(&mut pieces, text);
        let after = &after[1..];
        let (piece, left) = parse_percent(after, &mut next_place);
        match piece {
            Some(Piece::Argument { place, .. }) if place >= ARGUMENTS_MAX => push_text(&mut pieces, "%"),
            Some(piece) => pieces.push(piece),
            None => push_text(&mut pieces, "%"),
        }
        rest = left;
    }
    push_text(&mut pieces, rest);
    pieces
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

/// What stands behind a `%`; `None` where it is no argument: then the sign stands for itself.
fn parse_percent<'a>(after: &'a str, next_place: &mut usize) -> (Option<Piece>, &'a str) {
    if let Some(rest) = after.strip_prefix('%') {
        return (None, rest);
    }
    if let Some((number, rest)) = parse_insert_number(after) {
        let place = number - 1;
        if let Some((inside, behind)) = rest.strip_prefix('!').and_then(|rest| rest.split_once('!'))
            && let Some((show, "")) = parse_show(inside)
        {
            return (Some(Piece::Argument { place, show }), behind);
        }
        let show = Show { conversion: 's', kind: Some(Kind::Pointer), ..Show::default() };
        return (Some(Piece::Argument { place, show }), rest);
    }
    match parse_show(after) {
        Some((show, rest)) => {
            let place = *next_place;
            *next_place += 1;
            (Some(Piece::Argument { place, show }), rest)
        }
        None => (None, after),
    }
}

/// `1` in `%1!u!` and in `%1 `, but not in `%1d` or `%08x`, which is a field's width.
fn parse_insert_number(after: &str) -> Option<(usize, &str)> {
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits > 2 || after.starts_with('0') {
        return None;
    }
    let (number, rest) = after.split_at(digits);
    let is_printf = rest.starts_with(|next: char| next.is_ascii_alphabetic() || next == '.');
    if is_printf { None } else { Some((number.parse().ok()?, rest)) }
}

/// Flags, width, precision, size and conversion.
fn parse_show(text: &str) -> Option<(Show, &str)> {
    let mut show = Show::default();
    let mut rest = text;
    while let Some(flag) = rest.chars().next().filter(|flag| "-+ #0".contains(*flag)) {
        show.left |= flag == '-';
        show.plus |= flag == '+';
        show.alternate |= flag == '#';
        show.zeros |= flag == '0';
        rest = &rest[1..];
    }
    show.field_width = take_number(&mut rest).unwrap_or(0).min(FIELD_WIDTH_MAX);
    if let Some(precise) = rest.strip_prefix('.') {
        rest = precise;
        show.precision = Some(take_number(&mut rest).unwrap_or(0));
    }
    let (mut is_long, mut is_narrow, mut is_wide) = (false, false, false);
    loop {
        let size =
            ["I64", "I32", "ll", "l", "h", "w", "z", "j", "t"].into_iter().find(|s| rest.starts_with(s));
        let Some(size) = size else { break };
        is_long |= matches!(size, "I64" | "ll" | "z" | "j" | "t");
        is_narrow |= size == "h";
        is_wide |= matches!(size, "w" | "l");
        rest = &rest[size.len()..];
    }
    show.conversion = rest.chars().next()?;
    rest = &rest[show.conversion.len_utf8()..];
    show.kind = Some(match show.conversion {
        'd' | 'i' | 'u' | 'x' | 'X' | 'o' => {
            if is_long {
                Kind::Long
            } else {
                Kind::Int
            }
        }
        'c' | 'C' => Kind::Int,
        'f' | 'F' | 'e' | 'E' | 'g' | 'G' => Kind::Double,
        's' | 'S' | 'p' | 'n' => Kind::Pointer,
        _ => return None,
    });
    show.narrow_text = is_narrow || (show.conversion == 'S' && !is_wide);
    Some((show, rest))
}

fn take_number(rest: &mut &str) -> Option<usize> {
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, behind) = rest.split_at(digits);
    *rest = behind;
    // More digits than a number holds is more than any bound.
    (digits > 0).then(|| number.parse().unwrap_or(usize::MAX))
}

/// Fetches every argument once. One that is skipped over is taken for a pointer, as FormatMessage does.
fn fetch(pieces: &[Piece], arguments: &mut dyn Arguments) -> Vec<Fetched> {
    let mut kinds: Vec<Option<Kind>> = Vec::new();
    for piece in pieces {
        if let Piece::Argument { place, show } = piece {
            if kinds.len() <= *place {
                kinds.resize(place + 1, None);
            }
            kinds[*place] = kinds[*place].or(show.kind);
        }
    }
    kinds
        .into_iter()
        .map(|kind| match kind.unwrap_or(Kind::Pointer) {
            Kind::Int => Fetched::Int(arguments.int()),
            Kind::Long => Fetched::Long(arguments.long()),
            Kind::Double => Fetched::Double(arguments.double()),
            Kind::Pointer => Fetched::Pointer(arguments.pointer()),
        })
        .collect()
}

/// # Safety
/// As [`format()`].
unsafe fn shown<U: Unit>(show: Show, argument: Option<Fetched>) -> String {
    match (show.conversion, argument) {
        ('d' | 'i', Some(Fetched::Int(number))) => signed(show, number.into()),
        ('d' | 'i', Some(Fetched::Long(number))) => signed(show, number),
        // The bits of the argument, read as an unsigned number.
        (_, Some(Fetched::Int(number))) => unsigned(show, u64::from(number as u32)),
        (_, Some(Fetched::Long(number))) => unsigned(show, number as u64),
        ('e' | 'E', Some(Fetched::Double(number))) => format!("{number:e}"),
        (_, Some(Fetched::Double(number))) => format!("{number:.*}", show.precision.unwrap_or(6).min(32)),
        ('p', Some(Fetched::Pointer(pointer))) => format!("{pointer:p}"),
        ('n', Some(Fetched::Pointer(_))) | (_, None) => String::new(),
        (_, Some(Fetched::Pointer(pointer))) if pointer.is_null() => "(null)".into(),
        (_, Some(Fetched::Pointer(pointer))) => {
            let length_max = show.precision.unwrap_or(usize::MAX).min(TEXT_LENGTH_MAX).min(STRING_LENGTH_MAX);
            // SAFETY: not null, so the caller promised a string that ends with a NUL or at the precision.
            unsafe {
                if show.narrow_text {
                    let bytes = units(pointer.cast::<u8>(), length_max, 0);
                    String::from_utf8_lossy(&bytes).into_owned()
                } else {
                    let units = units(pointer.cast::<U>(), length_max, U::NUL);
                    U::decode(&units).unwrap_or_else(|| "\u{FFFD}".into())
                }
            }
        }
    }
}

/// # Safety
/// `start` has readable units up to a NUL or `length_max` of them.
unsafe fn units<T: Copy + PartialEq>(start: *const T, length_max: usize, nul: T) -> Vec<T> {
    let mut units = Vec::new();
    while units.len() < length_max {
        // SAFETY: no NUL was found before this unit.
        let unit = unsafe { start.add(units.len()).read_unaligned() };
        if unit == nul {
            break;
        }
        units.push(unit);
    }
    units
}

fn signed(show: Show, number: i64) -> String {
    let digits = digits(show, number.unsigned_abs().to_string());
    match (number < 0, show.plus) {
        (true, _) => format!("-{digits}"),
        (false, true) => format!("+{digits}"),
        (false, false) => digits,
    }
}

fn unsigned(show: Show, number: u64) -> String {
    let prefix = if show.alternate && number != 0 { "0x" } else { "" };
    match show.conversion {
        'x' => format!("{prefix}{}", digits(show, format!("{number:x}"))),
        'X' => format!("{prefix}{}", digits(show, format!("{number:X}"))),
        'o' => digits(show, format!("{number:o}")),
        'c' | 'C' => {
            u32::try_from(number).ok().and_then(char::from_u32).map_or_else(String::new, String::from)
        }
        _ => digits(show, number.to_string()),
    }
}

/// As many digits as the precision asks for.
fn digits(show: Show, digits: String) -> String {
    let wanted = show.precision.unwrap_or(0).min(FIELD_WIDTH_MAX);
    format!("{digits:0>wanted$}")
}

fn pad(line: &mut String, text: &str, show: Show) {
    let missing = show.field_width.saturating_sub(text.chars().count());
    let zeros = show.zeros && !show.left && show.precision.is_none() && "diuxXo".contains(show.conversion);
    match (show.left, zeros) {
        (true, _) => {
            line.push_str(text);
            line.extend(std::iter::repeat_n(' ', missing));
        }
        (false, true) => {
            let sign = text.find(|c: char| c.is_ascii_hexdigit()).unwrap_or(0);
            let sign = if text.starts_with("0x") { 2 } else { sign };
            line.push_str(&text[..sign]);
            line.extend(std::iter::repeat_n('0', missing));
            line.push_str(&text[sign..]);
        }
        (false, false) => {
            line.extend(std::iter::repeat_n(' ', missing));
            line.push_str(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_resutils::wide::encode_with_nul;
    use proptest::prelude::*;

    enum Argument {
        Int(i32),
        Long(i64),
        Double(f64),
        Wide(Vec<u32>),
        Narrow(Vec<u8>),
        Null,
    }

    struct Given(std::vec::IntoIter<Argument>, Vec<Argument>);

    impl Given {
        fn next(&mut self) -> &Argument {
            let argument = self.0.next().expect("the format asks for one argument too many");
            self.1.push(argument);
            self.1.last().unwrap()
        }
    }

    impl Arguments for Given {
        fn int(&mut self) -> i32 {
            let Argument::Int(number) = self.next() else { panic!("asked for an int") };
            *number
        }

        fn long(&mut self) -> i64 {
            let Argument::Long(number) = self.next() else { panic!("asked for 64 bits") };
            *number
        }

        fn double(&mut self) -> f64 {
            let Argument::Double(number) = self.next() else { panic!("asked for a double") };
            *number
        }

        fn pointer(&mut self) -> *const c_void {
            match self.next() {
                Argument::Wide(units) => units.as_ptr().cast(),
                Argument::Narrow(bytes) => bytes.as_ptr().cast(),
                Argument::Null => std::ptr::null(),
                _ => panic!("asked for a pointer"),
            }
        }
    }

    fn check(text: &str, arguments: Vec<Argument>, expected: &str) {
        let count = arguments.len();
        let mut given = Given(arguments.into_iter(), Vec::new());
        // SAFETY: the test gives the arguments that its format names, and every string ends with a NUL.
        let line = unsafe { format::<u32>(text, &mut given) };
        assert_eq!(line, expected, "{text}");
        assert_eq!(given.1.len(), count, "{text}: arguments left over");
    }

    fn wide(text: &str) -> Argument {
        Argument::Wide(encode_with_nul(text))
    }

    #[test]
    fn lines() {
        use Argument::{Double, Int, Long, Narrow, Null};
        let narrow = |text: &str| Narrow(format!("{text}\0").into_bytes());
        check("nothing to fill in\r\n", vec![], "nothing to fill in");
        check("100%% and %", vec![], "100% and %");
        check("%d %i %u", vec![Int(-1), Int(2), Int(-1)], "-1 2 4294967295");
        check(
            "0x%x %#X %08x|%-5d|%5d|%05d",
            [-1, 255, 0xAB, 7, 7, -7].map(Int).into(),
            "0xffffffff 0xFF 000000ab|7    |    7|-0007",
        );
        check("%lu %ld", vec![Int(5), Int(-5)], "5 -5");
        check("%llu %I64d %zu", vec![Long(1 << 40), Long(-1), Long(3)], "1099511627776 -1 3");
        check("%s %ws %ls", vec![wide("a"), wide("ü"), wide("𝄞")], "a ü 𝄞");
        check("%hs %S", vec![narrow("ch"), narrow("ars")], "ch ars");
        check("%s|%hs", vec![Null, Null], "(null)|(null)");
        check("%.2s|%6s|%-6s|", vec![wide("abc"), wide("abc"), wide("abc")], "ab|   abc|abc   |");
        check("%.1f", vec![Double(2.25)], "2.2");
        check("%c%n", vec![Int(65), Null], "A");
        check("%2!u! of %1!ws!, %2!x!", vec![wide("name"), Int(255)], "255 of name, ff");
        check("%1 then %2", vec![wide("a"), wide("b")], "a then b");
        check("%y %", vec![], "%y %");
    }

    /// Answers whatever is asked for.
    struct Any;

    impl Arguments for Any {
        fn int(&mut self) -> i32 {
            i32::MIN
        }

        fn long(&mut self) -> i64 {
            i64::MIN
        }

        fn double(&mut self) -> f64 {
            f64::NAN
        }

        fn pointer(&mut self) -> *const c_void {
            std::ptr::null()
        }
    }

    proptest! {
        #[test]
        fn any_format_makes_a_bounded_line(text in "[%!\\-+ #0-9.a-zA-Zü]{0,80}") {
            // SAFETY: every argument is there, and every pointer is null.
            let line = unsafe { format::<u32>(&text, &mut Any) };
            prop_assert!(line.len() <= TEXT_LENGTH_MAX);
        }
    }

    #[test]
    fn a_line_is_bounded() {
        let text = "x".repeat(TEXT_LENGTH_MAX * 2);
        let arguments = || vec![wide(&text), wide(&text)];
        let mut given = Given(arguments().into_iter(), Vec::new());
        // SAFETY: two strings that end with a NUL, as the format names.
        let line = unsafe { format::<u32>("%s%s", &mut given) };
        assert_eq!(line.len(), TEXT_LENGTH_MAX);
        check("%99999999d", vec![Argument::Int(1)], &format!("{:>256}", 1));
    }

    #[test]
    fn too_many_arguments_are_not_fetched() {
        let format = "%d".repeat(ARGUMENTS_MAX + 5);
        let arguments = (0..ARGUMENTS_MAX).map(|_| Argument::Int(1)).collect();
        check(&format, arguments, &("1".repeat(ARGUMENTS_MAX) + &"%".repeat(5)));
    }
}
