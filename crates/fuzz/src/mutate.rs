//! Breaking bytes.

use rand::Rng;
use rand::RngExt;
use rand::rngs::StdRng;

/// Numbers at which lengths and counts go wrong.
const NUMBERS: [u64; 12] = [
    0,
    1,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    u64::MAX,
];
/// Longest input that is made.
const LONGEST: usize = 1 << 20;

/// Breaks bytes at one to eight places; `other` is another seed to take pieces from.
pub fn mutate(bytes: &mut Vec<u8>, other: &[u8], rng: &mut StdRng) {
    for _ in 0..rng.random_range(1..=8) {
        once(bytes, other, rng);
    }
    bytes.truncate(LONGEST);
}

fn once(bytes: &mut Vec<u8>, other: &[u8], rng: &mut StdRng) {
    let at = rng.random_range(0..=bytes.len());
    match rng.random_range(0..9) {
        0 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << rng.random_range(0..8);
            }
        }
        1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = rng.random();
            }
        }
        2 => bytes.truncate(at),
        3 => {
            let mut piece = vec![0; rng.random_range(0..16)];
            rng.fill_bytes(&mut piece);
            bytes.splice(at..at, piece);
        }
        4 => {
            let end = (at + rng.random_range(0..16)).min(bytes.len());
            bytes.drain(at..end);
        }
        5 => number(bytes, at, rng),
        6 => {
            // A piece of the other one, in place or in between.
            let from = rng.random_range(0..=other.len());
            let to = (from + rng.random_range(0..64)).min(other.len());
            let end = if rng.random() { (at + (to - from)).min(bytes.len()) } else { at };
            bytes.splice(at..end, other.get(from..to).unwrap_or_default().iter().copied());
        }
        7 => {
            let end = (at + rng.random_range(0..32)).min(bytes.len());
            let piece = bytes.get(at..end).unwrap_or_default().to_vec();
            for _ in 0..rng.random_range(1..8) {
                bytes.splice(at..at, piece.iter().copied());
            }
        }
        _ => {
            let end = (at + rng.random_range(0..32)).min(bytes.len());
            let byte = if rng.random() { 0 } else { 0xff };
            bytes.get_mut(at..end).unwrap_or_default().fill(byte);
        }
    }
}

/// One of the numbers at which things go wrong, of one to eight bytes in either order.
fn number(bytes: &mut [u8], at: usize, rng: &mut StdRng) {
    let value = NUMBERS.get(rng.random_range(0..NUMBERS.len())).copied().unwrap_or(0);
    let len = [1, 2, 4, 8].get(rng.random_range(0..4)).copied().unwrap_or(1);
    let whole = if rng.random() { value.to_be_bytes() } else { value.to_le_bytes() };
    let part = if rng.random() { whole.get(..len) } else { whole.get(8 - len..) };
    for (to, from) in bytes.iter_mut().skip(at).zip(part.unwrap_or_default()) {
        *to = *from;
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn the_same_seed_breaks_the_same_way_and_nearly_every_time() {
        let broken = |seed| {
            let mut bytes = b"what a VPP would send".to_vec();
            mutate(&mut bytes, b"something else", &mut StdRng::seed_from_u64(seed));
            bytes
        };
        assert_eq!(broken(7), broken(7));
        let different = (0..200).filter(|seed| broken(*seed) != b"what a VPP would send").count();
        assert!(different > 150, "{different}");
    }
}
