//! Bodies of requests, within bounds: of each by its address, and of all together by the memory they may take.
//!
//! Room is taken as bytes arrive, so a sender who announces much and sends nothing takes none. The first part of every
//! body has room of its own: large bodies that never end keep other large ones out, and no small one.

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt as _;
use hyper::body::Body;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The unit in which room is counted.
const UNIT: usize = 1024;
/// What counts as the first part: nearly every delivery of a store fits into it.
const FIRST: usize = 64 * 1024;
/// Room for first parts.
const ROOM_FIRST: usize = 24 * 1024 * 1024;
/// Room for all that is more.
const ROOM_MORE: usize = 24 * 1024 * 1024;
/// Room is taken in pieces of this.
const PIECE: usize = 16 * 1024;

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unread {
    /// More than its address takes.
    TooLarge,
    /// The connection broke, or the framing is wrong.
    Broken,
    /// Others fill the memory just now.
    Crowded,
}

/// The room for bodies that are under way.
#[derive(Debug)]
pub struct Bodies {
    first: Arc<Semaphore>,
    more: Arc<Semaphore>,
}

impl Default for Bodies {
    fn default() -> Self {
        Self::with_room(ROOM_FIRST, ROOM_MORE)
    }
}

/// A body, and its room for as long as this is kept.
#[derive(Debug)]
pub struct Read {
    bytes: Vec<u8>,
    room: Vec<OwnedSemaphorePermit>,
}

impl Read {
    /// The bytes, and the room to be kept until they are done with.
    #[must_use]
    pub fn into_parts(self) -> (Vec<u8>, Vec<OwnedSemaphorePermit>) {
        (self.bytes, self.room)
    }
}

impl Bodies {
    /// Room for so many bytes of first parts, and of all that is more.
    #[must_use]
    pub fn with_room(first: usize, more: usize) -> Self {
        let room = |bytes: usize| Arc::new(Semaphore::new(bytes / UNIT));
        Self { first: room(first), more: room(more) }
    }

    /// Reads a body of at most so many bytes. With a limit of zero nothing is read, whatever was announced.
    ///
    /// # Errors
    /// [`Unread`]; the room is free again.
    pub async fn read<B>(&self, body: B, headers: &HeaderMap, limit: usize) -> Result<Read, Unread>
    where
        B: Body<Data = Bytes> + Unpin,
    {
        let mut read = Read { bytes: Vec::new(), room: Vec::new() };
        if limit == 0 {
            return Ok(read);
        }
        let announced = headers.get(http::header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: u64| length > limit as u64) {
            return Err(Unread::TooLarge);
        }
        let (mut body, mut taken) = (body, 0);
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
            let length = read.bytes.len() + data.len();
            if length > limit {
                return Err(Unread::TooLarge);
            }
            while taken < length {
                let pool = if taken < FIRST { &self.first } else { &self.more };
                let units = u32::try_from(PIECE / UNIT).unwrap_or(1);
                let room = Arc::clone(pool).try_acquire_many_owned(units).map_err(|_| Unread::Crowded)?;
                read.room.push(room);
                taken += PIECE;
            }
            read.bytes.extend_from_slice(&data);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use http_body_util::Full;

    async fn read(bodies: &Bodies, bytes: usize, limit: usize) -> Result<Read, Unread> {
        bodies.read(Full::new(Bytes::from(vec![b'x'; bytes])), &HeaderMap::new(), limit).await
    }

    #[tokio::test]
    async fn a_body_is_as_large_as_its_address_takes() {
        let bodies = Bodies::default();
        assert_eq!(read(&bodies, 100, 100).await.expect("fits").bytes.len(), 100);
        assert_eq!(read(&bodies, 101, 100).await.expect_err("is larger"), Unread::TooLarge);
        assert!(read(&bodies, 101, 0).await.expect("not read").bytes.is_empty());
        let mut announced = HeaderMap::new();
        announced.insert(http::header::CONTENT_LENGTH, HeaderValue::from_static("101"));
        let nothing = Full::new(Bytes::new());
        assert_eq!(bodies.read(nothing, &announced, 100).await.expect_err("announced"), Unread::TooLarge);
    }

    #[tokio::test]
    async fn large_bodies_keep_out_large_ones_only_and_give_their_room_back() {
        let bodies = Bodies::with_room(4 * FIRST, 512 * 1024);
        let large = read(&bodies, 500 * 1024, 1 << 20).await.expect("the first one");
        assert_eq!(read(&bodies, 500 * 1024, 1 << 20).await.expect_err("no room"), Unread::Crowded);
        assert!(read(&bodies, 10 * 1024, 1 << 20).await.is_ok(), "a small one has room");
        drop(large);
        assert!(read(&bodies, 500 * 1024, 1 << 20).await.is_ok(), "the room is free again");
    }
}
