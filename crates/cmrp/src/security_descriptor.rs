//! Security descriptors as the registry operations carry them.

use mainstay_ndr::{DecodeError, Decoder, EncodeError, Encoder, Ndr, Varying};

/// `RPC_SECURITY_ATTRIBUTES`: security of a key that is made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Ndr)]
pub struct SecurityAttributes {
    /// `nLength`: length of the structure where the client runs, in bytes.
    pub len: u32,
    /// The descriptor.
    pub descriptor: RpcSecurityDescriptor,
    /// `bInheritHandle`: means nothing here.
    pub inherit_handle: i32,
}

/// `RPC_SECURITY_DESCRIPTOR`: a self-relative security descriptor, or room for one.
///
/// On the wire: a pointer, `cbInSecurityDescriptor` (the room) and `cbOutSecurityDescriptor` (the bytes that are there).
/// The pointer may be null while the room is not 0: so says a server how much room is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RpcSecurityDescriptor {
    /// No buffer, only a length in bytes.
    Room(u32),
    /// Bytes, with the room they came in.
    Bytes(Varying<u8>),
}

impl Default for RpcSecurityDescriptor {
    fn default() -> Self {
        Self::Room(0)
    }
}

impl RpcSecurityDescriptor {
    /// The descriptor `bytes` in a buffer of the same size; the bytes back if they are too long for 32 bits.
    ///
    /// # Errors
    ///
    /// The bytes, when there are 4 GiB of them or more.
    pub fn new(bytes: Vec<u8>) -> Result<Self, Vec<u8>> {
        match u32::try_from(bytes.len()) {
            Ok(room) => Varying::new(room, bytes).map(Self::Bytes),
            Err(_) => Err(bytes),
        }
    }

    /// `cbInSecurityDescriptor`: the room in bytes.
    #[must_use]
    pub fn room(&self) -> u32 {
        match self {
            Self::Room(room) => *room,
            Self::Bytes(bytes) => bytes.max(),
        }
    }

    /// The bytes that are there.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Room(_) => &[],
            Self::Bytes(bytes) => bytes.items(),
        }
    }
}

impl Ndr for RpcSecurityDescriptor {
    const ALIGN: usize = 4;
    const MIN_LEN: usize = 12;
    /// Whether there is a buffer, its room, and the bytes in it.
    type Inline = (bool, u32, u32);

    fn encode_inline(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.write_referent(matches!(self, Self::Bytes(_)));
        encoder.write_u32(self.room());
        encoder.write_count(self.bytes().len())
    }

    fn encode_deferred(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Self::Room(_) => Ok(()),
            Self::Bytes(bytes) => bytes.encode(encoder),
        }
    }

    fn decode_inline(decoder: &mut Decoder<'_>, _conformance: u32) -> Result<Self::Inline, DecodeError> {
        Ok((decoder.read_referent()?, decoder.read_u32()?, decoder.read_u32()?))
    }

    fn decode_deferred(inline: Self::Inline, decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let (present, room, len) = inline;
        if !present {
            decoder.check_count(len, 0)?;
            return Ok(Self::Room(room));
        }
        let bytes = Varying::<u8>::decode(decoder)?;
        decoder.check_count(len, bytes.items().len())?;
        if bytes.max() != room {
            let actual = usize::try_from(bytes.max()).unwrap_or(usize::MAX);
            return Err(DecodeError::CountMismatch { at: decoder.position(), count: room, actual });
        }
        Ok(Self::Bytes(bytes))
    }
}
