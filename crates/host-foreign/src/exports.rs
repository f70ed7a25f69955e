//! The C symbols that a loaded library finds in this program.

mainstay_resutils::export_win32!();
mainstay_resutils::export_resutils!();

/// Keeps the symbols in the program. Every program that loads libraries calls it once, before it loads one.
pub fn keep() {
    std::hint::black_box((&WIN32_SYMBOLS, RESUTILS_SYMBOLS, &CLOSE_KEY_SYMBOL));
}
