//! Self-relative security descriptors (MS-DTYP 2.4.6).

use crate::acl::Acl;
use crate::error::{BuildError, ParseError, ParseFault};
use crate::reader::Reader;
use crate::sid::Sid;

/// The longest descriptor that is read: two full access lists of 64 KiB and two SIDs, with room for gaps.
pub(crate) const DESCRIPTOR_LENGTH_MAX: usize = 256 << 10;

const REVISION: u8 = 1;
const HEADER_LENGTH: usize =
    1 /* revision */ + 1 /* resource manager */ + 2 /* control */ + 4 * 4 /* owner, group, SACL, DACL */;

/// The control bits of a descriptor (MS-DTYP 2.4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Control(pub u16);

impl Control {
    /// SE_DACL_PRESENT: without it there is no DACL, whatever its offset says.
    pub const DACL_PRESENT: u16 = 0x0004;
    /// SE_SACL_PRESENT.
    pub const SACL_PRESENT: u16 = 0x0010;
    /// SE_DACL_PROTECTED: no entry is inherited from a parent.
    pub const DACL_PROTECTED: u16 = 0x1000;
    /// SE_SELF_RELATIVE: the parts are found by offsets.
    pub const SELF_RELATIVE: u16 = 0x8000;

    /// The bits that the form of a descriptor decides; [`SecurityDescriptor::to_bytes`] sets them.
    const OF_FORM: u16 = Self::DACL_PRESENT | Self::SACL_PRESENT | Self::SELF_RELATIVE;

    fn has(self, bit: u16) -> bool {
        self.0 & bit != 0
    }
}

/// Who owns an object and who may do what with it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SecurityDescriptor {
    /// The control bits that the form does not decide: protected, inherited, defaulted.
    pub control: Control,
    /// The byte that a resource manager may use (RMControl); 0 nearly always.
    pub resource_manager: u8,
    /// The owner.
    pub owner: Option<Sid>,
    /// The primary group; it plays no part in the access check.
    pub group: Option<Sid>,
    /// What is audited; kept and not looked at.
    pub sacl: Option<Acl>,
    /// Who may do what. `None`, a NULL DACL, grants everything to everybody; an empty list grants nothing.
    pub dacl: Option<Acl>,
}

impl SecurityDescriptor {
    /// Reads a descriptor whose parts lie in whatever order. Bytes may follow it.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes, 0);
        if bytes.len() > DESCRIPTOR_LENGTH_MAX {
            return Err(reader.fault(ParseFault::TooLong { length: bytes.len() }));
        }
        let mut header = reader.part(HEADER_LENGTH, "the header of a security descriptor")?;
        let start = header.clone();
        let revision = header.u8("the revision")?;
        if revision != REVISION {
            return Err(start.fault(ParseFault::Revision { what: "the descriptor", revision }));
        }
        let resource_manager = header.u8("the resource manager's byte")?;
        let control = Control(header.u16("the control bits")?);
        if !control.has(Control::SELF_RELATIVE) {
            return Err(start.fault(ParseFault::NotSelfRelative));
        }
        let owner = part(bytes, &mut header, true, "the owner", Sid::read)?;
        let group = part(bytes, &mut header, true, "the group", Sid::read)?;
        let sacl = part(bytes, &mut header, control.has(Control::SACL_PRESENT), "the SACL", Acl::read)?;
        let dacl = part(bytes, &mut header, control.has(Control::DACL_PRESENT), "the DACL", Acl::read)?;
        let control = Control(control.0 & !Control::OF_FORM);
        Ok(SecurityDescriptor { control, resource_manager, owner, group, sacl, dacl })
    }

    /// The descriptor as it travels: the lists first, the DACL before the owner.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BuildError> {
        let sacl = self.sacl.as_ref().map(Acl::to_bytes).transpose()?;
        let dacl = self.dacl.as_ref().map(Acl::to_bytes).transpose()?;
        let mut control = self.control.0 & !Control::OF_FORM | Control::SELF_RELATIVE;
        if sacl.is_some() {
            control |= Control::SACL_PRESENT;
        }
        if dacl.is_some() {
            control |= Control::DACL_PRESENT;
        }

        let mut body = Vec::new();
        let sacl_at = place(&mut body, sacl);
        let dacl_at = place(&mut body, dacl);
        let owner_at = place(&mut body, self.owner.map(|sid| sid.to_bytes()));
        let group_at = place(&mut body, self.group.map(|sid| sid.to_bytes()));

        let mut bytes = vec![REVISION, self.resource_manager];
        bytes.extend(control.to_le_bytes());
        bytes.extend([owner_at, group_at, sacl_at, dacl_at].into_iter().flat_map(u32::to_le_bytes));
        bytes.append(&mut body);
        Ok(bytes)
    }
}

/// Reads the offset of a part from the header, and the part, if it is there.
fn part<T>(
    bytes: &[u8],
    header: &mut Reader<'_>,
    is_present: bool,
    what: &'static str,
    read: impl Fn(&mut Reader<'_>) -> Result<T, ParseError>,
) -> Result<Option<T>, ParseError> {
    let start = header.clone();
    let offset = header.u32(what)?;
    if offset == 0 || !is_present {
        return Ok(None);
    }
    let outside = || start.fault(ParseFault::Offset { what, offset });
    let place = usize::try_from(offset).map_err(|_| outside())?;
    if place < HEADER_LENGTH {
        return Err(outside());
    }
    let rest = bytes.get(place..).ok_or_else(outside)?;
    read(&mut Reader::new(rest, place)).map(Some)
}

/// Appends a part to the body and answers its offset in the descriptor, 0 for one that is not there.
fn place(body: &mut Vec<u8>, part: Option<Vec<u8>>) -> u32 {
    let Some(part) = part else { return 0 };
    let offset = HEADER_LENGTH + body.len();
    body.extend(part);
    body.resize(body.len().next_multiple_of(4), 0);
    // Two lists of 16 bits' length and two SIDs: an offset never comes near 32 bits.
    u32::try_from(offset).unwrap_or(u32::MAX)
}
