//! Security identifiers (MS-DTYP 2.4.2).

use std::fmt;
use std::str::FromStr;

use crate::error::{ParseError, ParseFault, SidTextError};
use crate::reader::Reader;

/// The most sub-authorities that a SID has.
pub const SUB_AUTHORITIES_MAX: usize = 15;

const REVISION: u8 = 1;
/// The identifier authority has 48 bits.
const AUTHORITY_MAX: u64 = (1 << 48) - 1;

/// A security identifier: who somebody is, or which group.
///
/// In text `S-1-5-32-544`; in bytes a revision, the count of sub-authorities, the authority in 6 bytes big-endian,
/// and the sub-authorities in 4 bytes each, little-endian.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sid {
    // INVARIANT: at most AUTHORITY_MAX.
    authority: u64,
    // INVARIANT: at most SUB_AUTHORITIES_MAX; those of `parts` behind it are 0, so that equal SIDs compare equal.
    count: u8,
    parts: [u32; SUB_AUTHORITIES_MAX],
}

impl Sid {
    /// Everyone: S-1-1-0.
    pub const EVERYONE: Sid = Sid::known(1, &[0]);
    /// OWNER RIGHTS, which stands for the owner in an access list: S-1-3-4.
    pub const OWNER_RIGHTS: Sid = Sid::known(3, &[4]);
    /// Authenticated Users: S-1-5-11.
    pub const AUTHENTICATED_USERS: Sid = Sid::known(5, &[11]);
    /// Local System: S-1-5-18.
    pub const LOCAL_SYSTEM: Sid = Sid::known(5, &[18]);
    /// BUILTIN\Administrators: S-1-5-32-544.
    pub const ADMINISTRATORS: Sid = Sid::known(5, &[32, 544]);

    /// The user of a Unix uid: S-1-22-1-uid, as Samba maps it.
    pub const fn unix_user(uid: u32) -> Sid {
        Sid::known(22, &[1, uid])
    }

    /// The group of a Unix gid: S-1-22-2-gid, as Samba maps it.
    pub const fn unix_group(gid: u32) -> Sid {
        Sid::known(22, &[2, gid])
    }

    /// A SID of parts; `None` when the authority has more than 48 bits or there are too many sub-authorities.
    pub fn new(authority: u64, sub_authorities: &[u32]) -> Option<Sid> {
        let count = u8::try_from(sub_authorities.len()).ok()?;
        let mut parts = [0; SUB_AUTHORITIES_MAX];
        parts.get_mut(..sub_authorities.len())?.copy_from_slice(sub_authorities);
        (authority <= AUTHORITY_MAX).then_some(Sid { authority, count, parts })
    }

    const fn known<const N: usize>(authority: u64, sub_authorities: &[u32; N]) -> Sid {
        const { assert!(N <= SUB_AUTHORITIES_MAX) };
        let mut parts = [0; SUB_AUTHORITIES_MAX];
        let mut place = 0;
        while place < N {
            parts[place] = sub_authorities[place];
            place += 1;
        }
        Sid { authority, count: N as u8, parts }
    }

    /// The identifier authority: 1 world, 5 NT, 22 Unix.
    pub fn authority(&self) -> u64 {
        self.authority
    }

    /// The sub-authorities, the last of them the relative id.
    pub fn sub_authorities(&self) -> &[u32] {
        &self.parts[..usize::from(self.count)]
    }

    /// Reads a SID; bytes may follow it, [`Sid::length`] tells where.
    pub fn parse(bytes: &[u8]) -> Result<Sid, ParseError> {
        Self::read(&mut Reader::new(bytes, 0))
    }

    /// Bytes of the binary form.
    pub fn length(&self) -> usize {
        1 /* revision */ + 1 /* count */ + 6 /* authority */ + 4 * usize::from(self.count)
    }

    /// The binary form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.length());
        self.append(&mut bytes);
        bytes
    }

    pub(crate) fn append(&self, bytes: &mut Vec<u8>) {
        bytes.extend([REVISION, self.count]);
        bytes.extend_from_slice(&self.authority.to_be_bytes()[2..]);
        bytes.extend(self.sub_authorities().iter().flat_map(|part| part.to_le_bytes()));
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Sid, ParseError> {
        let start = reader.clone();
        let revision = reader.u8("a SID")?;
        if revision != REVISION {
            return Err(start.fault(ParseFault::Revision { what: "a SID", revision }));
        }
        let count = reader.u8("a SID")?;
        if usize::from(count) > SUB_AUTHORITIES_MAX {
            return Err(start.fault(ParseFault::SubAuthorities(count)));
        }
        let authority = reader.array::<6>("a SID's authority")?;
        let authority = authority.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        let mut parts = [0; SUB_AUTHORITIES_MAX];
        for part in &mut parts[..usize::from(count)] {
            *part = reader.u32("a SID's sub-authority")?;
        }
        Ok(Sid { authority, count, parts })
    }
}

impl fmt::Display for Sid {
    /// MS-DTYP 2.4.2.1: an authority of more than 32 bits is written in hexadecimal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match u32::try_from(self.authority) {
            Ok(authority) => write!(f, "S-{REVISION}-{authority}")?,
            Err(_) => write!(f, "S-{REVISION}-{:#014x}", self.authority)?,
        }
        self.sub_authorities().iter().try_for_each(|part| write!(f, "-{part}"))
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Sid {
    type Err = SidTextError;

    fn from_str(text: &str) -> Result<Sid, SidTextError> {
        parse_text(text).ok_or_else(|| SidTextError(text.chars().take(SHOWN_LENGTH).collect()))
    }
}

/// How much of a text that is no SID a message repeats: more than the longest SID has.
const SHOWN_LENGTH: usize = 200;

fn parse_text(text: &str) -> Option<Sid> {
    let mut parts = text.split('-');
    if !parts.next()?.eq_ignore_ascii_case("S") || parts.next()? != "1" {
        return None;
    }
    let authority = parts.next()?;
    let authority = match authority.strip_prefix("0x").or_else(|| authority.strip_prefix("0X")) {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            u64::from_str_radix(digits, 16)
        }
        Some(_) => return None,
        None => decimal(authority)?.parse(),
    };
    let mut numbers = Vec::new();
    for part in parts {
        if numbers.len() == SUB_AUTHORITIES_MAX {
            return None;
        }
        numbers.push(decimal(part)?.parse().ok()?);
    }
    Sid::new(authority.ok()?, &numbers)
}

/// The text, if it has digits only: the standard parsers take a sign too.
fn decimal(text: &str) -> Option<&str> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then_some(text)
}
