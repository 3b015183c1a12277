//! Fixed-size little-endian records, read and written without `unsafe` and without alignment.

/// A type that can stand in a record.
pub trait Field: Sized + Copy {
    /// Bytes it takes.
    const BYTES: usize;
    /// Its value from the first [`Self::BYTES`] bytes; missing bytes read as zero.
    fn get(bytes: &[u8]) -> Self;
    /// Writes it over the first [`Self::BYTES`] bytes, as far as they reach.
    fn put(self, bytes: &mut [u8]);
}

macro_rules! int_field {
    ($($t:ty),*) => {$(
        impl Field for $t {
            const BYTES: usize = size_of::<$t>();
            fn get(bytes: &[u8]) -> Self {
                let mut raw = [0; size_of::<$t>()];
                for (to, from) in raw.iter_mut().zip(bytes) {
                    *to = *from;
                }
                Self::from_le_bytes(raw)
            }
            fn put(self, bytes: &mut [u8]) {
                for (to, from) in bytes.iter_mut().zip(self.to_le_bytes()) {
                    *to = from;
                }
            }
        }
    )*};
}
int_field!(u8, u16, u32, u64);

impl<T: Field + Default, const N: usize> Field for [T; N] {
    const BYTES: usize = T::BYTES * N;
    fn get(bytes: &[u8]) -> Self {
        let mut value = [T::default(); N];
        for (to, from) in value.iter_mut().zip(bytes.chunks(T::BYTES)) {
            *to = T::get(from);
        }
        value
    }
    fn put(self, bytes: &mut [u8]) {
        for (item, to) in self.into_iter().zip(bytes.chunks_mut(T::BYTES)) {
            item.put(to);
        }
    }
}

/// A record: a struct of [`Field`]s with a fixed size.
pub trait Record: Sized {
    /// Bytes it takes.
    const BYTES: usize;
    /// Reads it from the start of `bytes`; missing bytes read as zero.
    fn read(bytes: &[u8]) -> Self;
    /// Writes it over the start of `bytes`, as far as they reach.
    fn write(&self, bytes: &mut [u8]);
}

/// Defines record structs.
#[macro_export]
macro_rules! records {
    ($($(#[$m:meta])* $name:ident { $($(#[$fm:meta])* $field:ident : $t:ty,)* })*) => {$(
        $(#[$m])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name { $($(#[$fm])* pub $field: $t,)* }
        impl $crate::record::Record for $name {
            const BYTES: usize = 0 $(+ <$t as $crate::record::Field>::BYTES)*;
            fn read(bytes: &[u8]) -> Self {
                let mut at = 0;
                $(
                    let $field = <$t as $crate::record::Field>::get(bytes.get(at..).unwrap_or(&[]));
                    at += <$t as $crate::record::Field>::BYTES;
                )*
                let _ = at;
                Self { $($field,)* }
            }
            fn write(&self, bytes: &mut [u8]) {
                let mut at = 0;
                $(
                    $crate::record::Field::put(self.$field, bytes.get_mut(at..).unwrap_or(&mut []));
                    at += <$t as $crate::record::Field>::BYTES;
                )*
                let _ = at;
            }
        }
        impl Default for $name {
            fn default() -> Self { <Self as $crate::record::Record>::read(&[]) }
        }
    )*};
}

/// The text of a zero-padded name; bytes that are not UTF-8 give `"?"`.
#[must_use]
pub fn name_text(name: &[u8]) -> &str {
    let end = name.iter().position(|b| *b == 0).unwrap_or(name.len());
    name.get(..end).and_then(|b| core::str::from_utf8(b).ok()).unwrap_or("?")
}

/// A zero-padded name; longer text is cut at a byte.
#[must_use]
pub const fn name_bytes<const N: usize>(text: &str) -> [u8; N] {
    let text = text.as_bytes();
    let mut name = [0; N];
    let mut n = 0;
    while n < N && n < text.len() {
        name[n] = text[n];
        n += 1;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::{Record, name_bytes, name_text};

    crate::records! {
        /// A record for this test.
        Sample {
            /// One byte.
            a: u8,
            /// Eight bytes, not aligned.
            b: u64,
            /// An array.
            c: [u16; 3],
        }
    }

    #[test]
    fn a_record_reads_back_what_was_written() {
        let sample = Sample { a: 7, b: 0x0102_0304_0506_0708, c: [1, 2, 0xffff] };
        let mut bytes = [0; Sample::BYTES];
        sample.write(&mut bytes);
        assert_eq!(Sample::BYTES, 15);
        assert_eq!(Sample::read(&bytes), sample);
    }

    #[test]
    fn a_short_record_reads_zeros_and_never_panics() {
        assert_eq!(Sample::read(&[9]), Sample { a: 9, b: 0, c: [0; 3] });
        Sample::default().write(&mut [0; 3]);
    }

    #[test]
    fn names_are_padded_and_cut() {
        assert_eq!(name_text(&name_bytes::<16>("motor")), "motor");
        assert_eq!(name_text(&name_bytes::<4>("console")), "cons");
        assert_eq!(name_text(&[0xff, 0]), "?");
    }
}
