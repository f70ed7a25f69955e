//! The ClusAPI interface of MS-CMRP: every operation's number, request and answer as types.
