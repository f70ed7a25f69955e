//! Golden bytes, tables of malformed bytes, and properties of round trips.

mod golden;
mod lists;
mod malformed;
mod people;
mod properties;

/// Bytes from text: two digits each, `#` begins a comment, `'x'` is a UTF-16 text without its NUL.
fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in text.lines() {
        for word in line.split('#').next().unwrap().split_ascii_whitespace() {
            match word.strip_prefix('\'').and_then(|word| word.strip_suffix('\'')) {
                Some(text) => bytes.extend(text.replace('_', " ").encode_utf16().flat_map(u16::to_le_bytes)),
                None => bytes.push(u8::from_str_radix(word, 16).unwrap()),
            }
        }
    }
    bytes
}
