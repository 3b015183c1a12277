use super::{
    ARGUMENTS_MAX, Arguments, CHUNK, Request, StartError, Started, decode_reply, encode_reply, program_name, start_by,
};
use rtos_abi::record::name_bytes;
use rtos_api::{Error, Message};

#[test]
fn requests_read_back_what_was_sent() {
    let mut bytes = [0; CHUNK];
    bytes[..3].copy_from_slice(b"a\0b");
    for request in [
        Request::Arguments { offset: 960, len: 3, bytes },
        Request::Arguments { offset: 0, len: 40, bytes: [0xff; CHUNK] },
        Request::Start { name: name_bytes("hello"), arguments: 1024 },
    ] {
        assert_eq!(Request::decode(request.encode()), Ok(request));
    }
}

#[test]
fn replies_read_back_what_was_sent() {
    let started = Started { slot: 63, generation: u32::MAX };
    assert_eq!(decode_reply(encode_reply(Ok(started))), Ok(started));
    for error in [
        StartError::BadRequest,
        StartError::UnknownProgram,
        StartError::NotAProgram,
        StartError::AlreadyRunning,
        StartError::BadArguments,
        StartError::BuildFailed(Error::NoMemory),
        StartError::Unreachable(Error::TimedOut),
    ] {
        assert_eq!(decode_reply(encode_reply(Err(error))), Err(error));
    }
}

#[test]
fn a_message_of_no_protocol_is_refused() {
    assert_eq!(Request::decode([0; 8]), Err(StartError::BadRequest));
    assert_eq!(Request::decode([u64::MAX; 8]), Err(StartError::BadRequest));
    // A chunk that says it is longer than it can be.
    assert_eq!(Request::decode([0x2901, 0, 0, 0, 0, 0, 0, 0]), Err(StartError::BadRequest));
}

/// A loader that keeps what it is told and starts everything in slot 5.
struct Told {
    words: Arguments,
    started: Option<([u8; 16], usize)>,
}

impl Told {
    fn answer(&mut self, message: Message) -> Message {
        encode_reply(match Request::decode(message) {
            Ok(Request::Arguments { offset, len, bytes }) => {
                self.words.add(offset, &bytes[..len.into()]).map(|()| Started::default())
            }
            Ok(Request::Start { name, arguments }) => self.words.words(arguments).map(|words| {
                self.started = Some((name, words.len()));
                Started { slot: 5, generation: 2 }
            }),
            Err(error) => Err(error),
        })
    }
}

#[test]
fn words_of_any_length_arrive_whole_and_in_order() {
    for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, ARGUMENTS_MAX] {
        let mut words = [0; ARGUMENTS_MAX];
        words.iter_mut().enumerate().for_each(|(n, byte)| *byte = n as u8);
        let mut told = Told { words: Arguments::new(), started: None };
        let started = start_by("hello", &words[..len], |message| Ok(told.answer(message)));
        assert_eq!(started, Ok(Started { slot: 5, generation: 2 }));
        let (name, told_len) = told.started.unwrap();
        assert_eq!((program_name(&name), told_len), ("hello", len));
        assert_eq!(told.words.words(len as u16).unwrap(), &words[..len]);
    }
}

#[test]
fn what_cannot_be_sent_is_refused_before_anything_is() {
    let never = |_| -> Result<Message, Error> { panic!("nothing may be sent") };
    assert_eq!(start_by("hello", &[0; ARGUMENTS_MAX + 1], never), Err(StartError::BadArguments));
    assert_eq!(start_by("a-name-that-is-too-long", &[], never), Err(StartError::UnknownProgram));
    let silent = |_| Err(Error::TimedOut);
    assert_eq!(start_by("hello", &[], silent), Err(StartError::Unreachable(Error::TimedOut)));
}

#[test]
fn words_with_a_part_missing_are_refused() {
    let mut words = Arguments::new();
    words.add(0, b"abc").unwrap();
    assert_eq!(words.add(4, b"e"), Err(StartError::BadArguments));
    assert_eq!(words.words(4), Err(StartError::BadArguments));
    words.add(0, b"xy").unwrap();
    assert_eq!(words.words(2).unwrap(), b"xy");
    assert_eq!(words.words(0).unwrap(), b"");
}
