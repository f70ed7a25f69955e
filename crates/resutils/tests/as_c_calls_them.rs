//! The registry functions and the find functions, called through their C symbols as a library calls them, in both
//! widths.
#![allow(clippy::unwrap_used)]

use std::ffi::c_void;
use std::ptr::{null, null_mut};

use mainstay_proplist::{PropertyList, Value};
use mainstay_resutils::keys::RootKey;
use mainstay_resutils::wide::{Unit, encode_with_nul};
use mainstay_types::order::{RegistryCopy, RegistryValue};
use proptest::prelude::*;

mainstay_resutils::export_win32!();
mainstay_resutils::export_resutils!();

const SUCCESS: u32 = 0;
const FILE_NOT_FOUND: u32 = 2;
const INVALID_HANDLE: u32 = 6;
const INVALID_DATA: u32 = 13;
const INVALID_PARAMETER: u32 = 87;
const MORE_DATA: u32 = 234;
const NO_MORE_ITEMS: u32 = 259;

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn copy() -> RegistryCopy {
    let value = |name: &str, kind, data| RegistryValue { name: name.into(), kind, data };
    RegistryCopy {
        values: vec![value("Name", 1, utf16("db\0"))],
        keys: vec![(
            "Parameters".into(),
            RegistryCopy {
                values: vec![
                    value("StateFile", 1, utf16("/run/𝄞\0")),
                    value("Delay", 4, 250_u32.to_le_bytes().to_vec()),
                    value("List", 7, utf16("a\0b\0\0")),
                    value("", 3, vec![1, 2, 3]),
                ],
                keys: vec![("Deep".into(), RegistryCopy::default())],
            },
        )],
    }
}

/// The functions of one width.
struct Symbols<U: Unit> {
    open: unsafe extern "C" fn(usize, *const U, u32, *mut usize) -> u32,
    query: unsafe extern "C" fn(usize, *const U, *mut u32, *mut u8, *mut u32) -> u32,
    enum_value: unsafe extern "C" fn(usize, u32, *mut U, *mut u32, *mut u32, *mut u8, *mut u32) -> u32,
    enum_key: unsafe extern "C" fn(usize, u32, *mut U, *mut u32, *mut u64) -> u32,
    sz: unsafe extern "C" fn(*const c_void, u32, *const U, *mut *mut U) -> u32,
    multi_sz: unsafe extern "C" fn(*const c_void, u32, *const U, *mut *mut U, *mut u32) -> u32,
    dword: unsafe extern "C" fn(*const c_void, u32, *const U, *mut u32) -> u32,
    binary: unsafe extern "C" fn(*const c_void, u32, *const U, *mut *mut u8, *mut u32) -> u32,
}

const NARROW: Symbols<u16> = Symbols {
    open: narrow::ClusterRegOpenKey,
    query: narrow::ClusterRegQueryValue,
    enum_value: narrow::ClusterRegEnumValue,
    enum_key: narrow::ClusterRegEnumKey,
    sz: narrow::ResUtilFindSzProperty,
    multi_sz: narrow::ResUtilFindMultiSzProperty,
    dword: narrow::ResUtilFindDwordProperty,
    binary: narrow::ResUtilFindBinaryProperty,
};

const WIDE: Symbols<u32> = Symbols {
    open: wide::ClusterRegOpenKey_w4,
    query: wide::ClusterRegQueryValue_w4,
    enum_value: wide::ClusterRegEnumValue_w4,
    enum_key: wide::ClusterRegEnumKey_w4,
    sz: wide::ResUtilFindSzProperty_w4,
    multi_sz: wide::ResUtilFindMultiSzProperty_w4,
    dword: wide::ResUtilFindDwordProperty_w4,
    binary: wide::ResUtilFindBinaryProperty_w4,
};

#[test]
fn every_symbol_is_there_in_both_widths() {
    assert_eq!(RESUTILS_SYMBOLS.len(), 22);
    assert!(RESUTILS_SYMBOLS.iter().chain(&WIN32_SYMBOLS).chain([&CLOSE_KEY_SYMBOL]).all(|s| !s.0.is_null()));
}

#[test]
fn keys_and_values_16_bits() {
    keys_and_values(&NARROW);
}

#[test]
fn keys_and_values_32_bits() {
    keys_and_values(&WIDE);
}

fn keys_and_values<U: Unit + std::fmt::Debug>(symbols: &Symbols<U>) {
    let text = |text: &str| encode_with_nul::<U>(text);
    let unit = size_of::<U>();
    let root = RootKey::open(copy()).unwrap();
    let mut key = 0;
    // SAFETY: in all of the calls below, every pointer is null or points at a local of the size that is told.
    unsafe {
        assert_eq!((symbols.open)(root.handle(), text("nowhere").as_ptr(), 0, &mut key), FILE_NOT_FOUND);
        assert_eq!((symbols.open)(77, text("Parameters").as_ptr(), 0, &mut key), INVALID_HANDLE);
        assert_eq!((symbols.open)(root.handle(), text("x").as_ptr(), 0, null_mut()), INVALID_PARAMETER);
        assert_eq!((symbols.open)(root.handle(), text("PARAMETERS").as_ptr(), 0xF003F, &mut key), SUCCESS);

        // A number: its size is the same in both widths.
        let (mut kind, mut number, mut size) = (0, [0_u8; 4], 4);
        let name = text("delay");
        assert_eq!((symbols.query)(key, name.as_ptr(), &mut kind, number.as_mut_ptr(), &mut size), SUCCESS);
        assert_eq!((kind, u32::from_le_bytes(number), size), (4, 250, 4));
        size = 3;
        assert_eq!((symbols.query)(key, name.as_ptr(), &mut kind, number.as_mut_ptr(), &mut size), MORE_DATA);
        assert_eq!(size, 4);
        assert_eq!(
            (symbols.query)(key, name.as_ptr(), null_mut(), number.as_mut_ptr(), null_mut()),
            INVALID_PARAMETER
        );
        assert_eq!((symbols.query)(key, name.as_ptr(), null_mut(), null_mut(), null_mut()), SUCCESS);
        assert_eq!(
            (symbols.query)(key, text("none").as_ptr(), &mut kind, null_mut(), &mut size),
            FILE_NOT_FOUND
        );
        assert_eq!((symbols.query)(key, null(), &mut kind, null_mut(), &mut size), SUCCESS);
        assert_eq!((kind, size), (3, 3));

        // A text: in units of the caller's width, its size in bytes of it.
        let mut units = [U::NUL; 32];
        size = u32::try_from(size_of_val(&units)).unwrap();
        let name = text("StateFile");
        let data = units.as_mut_ptr().cast();
        assert_eq!((symbols.query)(key, name.as_ptr(), &mut kind, data, &mut size), SUCCESS);
        let expected = text("/run/𝄞");
        assert_eq!(size as usize, expected.len() * unit);
        assert_eq!(units[..expected.len()], expected);

        // All values, then all keys.
        let mut names = Vec::new();
        for index in 0.. {
            let (mut units, mut length) = ([U::NUL; 16], 16);
            let answer = (symbols.enum_value)(
                key,
                index,
                units.as_mut_ptr(),
                &mut length,
                &mut kind,
                null_mut(),
                &mut size,
            );
            if answer == NO_MORE_ITEMS {
                break;
            }
            assert_eq!(answer, SUCCESS);
            names.push((U::decode(&units[..length as usize]).unwrap(), kind));
        }
        assert_eq!(
            names,
            [("StateFile".into(), 1), ("Delay".into(), 4), ("List".into(), 7), (String::new(), 3)]
        );

        let (mut units, mut length, mut time) = ([U::NUL; 5], 4, 1);
        let buffer = units.as_mut_ptr();
        assert_eq!((symbols.enum_key)(key, 0, buffer, &mut length, &mut time), MORE_DATA);
        assert_eq!(length, 4);
        length = 5;
        assert_eq!((symbols.enum_key)(key, 0, buffer, &mut length, &mut time), SUCCESS);
        assert_eq!((U::decode(&units[..4]).unwrap(), time), ("Deep".into(), 0));
        assert_eq!((symbols.enum_key)(key, 1, buffer, &mut length, null_mut()), NO_MORE_ITEMS);
        assert_eq!((symbols.enum_key)(key, 0, null_mut(), &mut length, null_mut()), INVALID_PARAMETER);
        assert_eq!((symbols.enum_key)(key, 0, buffer, null_mut(), null_mut()), INVALID_PARAMETER);
    }
    assert_eq!(ClusterRegCloseKey(key), SUCCESS);
    assert_eq!(ClusterRegCloseKey(key), INVALID_HANDLE);
}

fn list() -> Vec<u8> {
    PropertyList::new()
        .with("dummy", Value::Dword(1))
        .with("Text", Value::Sz("höher".into()))
        .with("Texts", Value::MultiSz(vec!["a".into(), "bc".into()]))
        .with("Bytes", Value::Binary(vec![1, 2, 3]))
        .with("Empty", Value::Binary(Vec::new()))
        .to_bytes()
        .unwrap()
}

#[test]
fn properties_16_bits() {
    properties(&NARROW);
}

#[test]
fn properties_32_bits() {
    properties(&WIDE);
}

fn properties<U: Unit + std::fmt::Debug>(symbols: &Symbols<U>) {
    let text = |text: &str| encode_with_nul::<U>(text);
    let list = list();
    let (bytes, length) = (list.as_ptr().cast::<c_void>(), u32::try_from(list.len()).unwrap());
    let (mut number, mut string, mut memory, mut size) = (0, null_mut(), null_mut(), 0);
    // SAFETY: in all of the calls below, every pointer is null or points at a local of the size that is told; what is
    // read from given-out memory is within the size that came with it.
    unsafe {
        assert_eq!((symbols.dword)(bytes, length, text("DUMMY").as_ptr(), &mut number), SUCCESS);
        assert_eq!(number, 1);
        assert_eq!((symbols.dword)(bytes, length, text("gone").as_ptr(), &mut number), FILE_NOT_FOUND);
        assert_eq!((symbols.dword)(bytes, length, text("Text").as_ptr(), &mut number), INVALID_DATA);
        assert_eq!((symbols.dword)(bytes, length - 8, text("dummy").as_ptr(), &mut number), INVALID_DATA);
        assert_eq!((symbols.dword)(bytes, 0, text("dummy").as_ptr(), &mut number), INVALID_DATA);
        assert_eq!((symbols.dword)(null(), length, text("dummy").as_ptr(), &mut number), INVALID_PARAMETER);
        assert_eq!((symbols.dword)(bytes, length, null(), &mut number), INVALID_PARAMETER);
        assert_eq!((symbols.dword)(bytes, length, text("dummy").as_ptr(), null_mut()), INVALID_PARAMETER);

        assert_eq!((symbols.sz)(bytes, length, text("Text").as_ptr(), &mut string), SUCCESS);
        let expected = text("höher");
        assert_eq!(std::slice::from_raw_parts(string, expected.len()), expected);
        assert!(LocalFree(string.cast()).is_null());

        assert_eq!(
            (symbols.multi_sz)(bytes, length, text("Texts").as_ptr(), &mut string, &mut size),
            SUCCESS
        );
        let expected = [text("a"), text("bc"), vec![U::NUL]].concat();
        assert_eq!(size as usize, size_of_val(&*expected));
        assert_eq!(std::slice::from_raw_parts(string, expected.len()), expected);
        assert!(LocalFree(string.cast()).is_null());

        assert_eq!((symbols.binary)(bytes, length, text("Bytes").as_ptr(), &mut memory, &mut size), SUCCESS);
        assert_eq!(std::slice::from_raw_parts(memory, size as usize), [1, 2, 3]);
        assert!(LocalFree(memory.cast()).is_null());
        assert_eq!((symbols.binary)(bytes, length, text("Empty").as_ptr(), &mut memory, null_mut()), SUCCESS);
        assert!(!memory.is_null());
        assert!(LocalFree(memory.cast()).is_null());
    }
}

#[test]
fn the_last_error_goes_through_the_symbols() {
    SetLastError(5);
    Sleep(0);
    assert_eq!(GetLastError(), 5);
    assert!(LocalFree(LocalAlloc(0x40, 8)).is_null());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever the bytes, a find function answers; it never reads beyond them.
    #[test]
    fn mutated_lists_are_answered(place in 0..200_usize, byte: u8, cut in 0..200_usize) {
        let mut bytes = list();
        let place = place % bytes.len();
        bytes[place] = byte;
        bytes.truncate(bytes.len().saturating_sub(cut).max(1));
        let (mut number, mut size, mut string, mut memory) = (0, 0, null_mut(), null_mut());
        let (start, length) = (bytes.as_ptr().cast(), u32::try_from(bytes.len()).unwrap());
        for name in ["dummy", "Text", "Texts", "Bytes"] {
            let name = encode_with_nul::<u32>(name);
            // SAFETY: the bytes are as long as told, and every other pointer points at a local.
            let answers = unsafe { [
                (WIDE.dword)(start, length, name.as_ptr(), &mut number),
                (WIDE.sz)(start, length, name.as_ptr(), &mut string),
                (WIDE.multi_sz)(start, length, name.as_ptr(), &mut string, &mut size),
                (WIDE.binary)(start, length, name.as_ptr(), &mut memory, &mut size),
            ] };
            for answer in answers {
                prop_assert!([SUCCESS, FILE_NOT_FOUND, INVALID_DATA].contains(&answer), "{answer}");
            }
        }
    }
}
