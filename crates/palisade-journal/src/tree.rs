//! The Merkle tree of RFC 6962: every record is a leaf, and one hash stands
//! for all of them in their order.
//!
//! Two forms. [`Edge`] is what an appender needs: the hashes at the right edge,
//! at most 255 a level, enough to go on and to compute the root. [`Tree`] is
//! what a verifier needs: all leaves, with a level of subtree roots for every
//! factor of 256, as the tiles of C2SP store them.

use sha2::{Digest, Sha256};

/// A SHA-256 digest.
pub type Hash = [u8; 32];

/// The fan-out of a tile: 2^8 hashes.
pub const TILE: usize = 256;

/// The hash of a record's exact bytes.
pub fn leaf(bytes: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(bytes).finalize().into()
}

/// The hash over two subtrees.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    let mut both = [1; 65];
    if let Some((l, r)) = both.get_mut(1..).and_then(|rest| rest.split_at_mut_checked(32)) {
        l.copy_from_slice(left);
        r.copy_from_slice(right);
    }
    Sha256::digest(both).into()
}

/// The root of no records.
pub fn empty() -> Hash {
    Sha256::digest([]).into()
}

/// The root over any run of hashes of equal height (RFC 6962, section 2.1).
pub fn root(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => empty(),
        [one] => *one,
        [left, right] => node(left, right),
        many => {
            let (left, right) = many.split_at(split(many.len() as u64) as usize);
            node(&root(left), &root(right))
        }
    }
}

/// The largest power of two below `n` (which is at least 2).
const fn split(n: u64) -> u64 {
    1 << (u64::BITS - 1 - (n - 1).leading_zeros())
}

/// A tile that became full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullTile {
    /// The level; 0 holds leaves.
    pub level: u32,
    /// Its place within the level.
    pub index: u64,
    /// All 256 hashes.
    pub hashes: Vec<Hash>,
}

/// The right edge of a growing tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    /// The partial tile of each level, level 0 first.
    levels: Vec<Partial>,
}

/// A tile that is not full yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Partial {
    hashes: Vec<Hash>,
    /// The roots of the full subtrees that it falls apart into: one for each
    /// bit of its width, the largest leftmost.
    peaks: Vec<Hash>,
}

impl Partial {
    fn push(&mut self, hash: Hash) {
        let mut peak = hash;
        let mut width = self.hashes.len();
        while width & 1 == 1
            && let Some(left) = self.peaks.pop()
        {
            peak = node(&left, &peak);
            width >>= 1;
        }
        self.peaks.push(peak);
        self.hashes.push(hash);
    }
}

impl FromIterator<Hash> for Partial {
    fn from_iter<T: IntoIterator<Item = Hash>>(hashes: T) -> Self {
        let mut partial = Self::default();
        hashes.into_iter().for_each(|hash| partial.push(hash));
        partial
    }
}

impl Edge {
    /// The edge from its partial tiles, level 0 first; `None` where their
    /// widths are not those of a tree of `size`.
    pub fn from_tiles(size: u64, levels: Vec<Vec<Hash>>) -> Option<Self> {
        let fits = widths(size).eq(levels.iter().map(Vec::len));
        fits.then(|| Self { size, levels: levels.into_iter().map(Partial::from_iter).collect() })
    }

    /// How many leaves there are.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The partial tiles, level 0 first; some are empty.
    pub fn tiles(&self) -> impl Iterator<Item = (u32, u64, &[Hash])> {
        let index = |level: u32| shifted(self.size, 8 * (level + 1));
        let tiles = (0..).zip(&self.levels);
        tiles.map(move |(level, tile)| (level, index(level), tile.hashes.as_slice()))
    }

    /// Adds a leaf and says which tiles it completed.
    pub fn push(&mut self, leaf: Hash) -> Vec<FullTile> {
        let mut full = Vec::new();
        let mut hash = leaf;
        self.size += 1;
        for level in 0_u32.. {
            let Some(tile) = self.levels.get_mut(level as usize) else {
                self.levels.push(Partial::from_iter([hash]));
                break;
            };
            tile.push(hash);
            if tile.hashes.len() < TILE {
                break;
            }
            let Partial { hashes, peaks } = std::mem::take(tile);
            hash = peaks.first().copied().unwrap_or_else(empty);
            full.push(FullTile { level, index: shifted(self.size, 8 * (level + 1)) - 1, hashes });
        }
        full
    }

    /// The root over all leaves.
    pub fn root(&self) -> Hash {
        // The lowest level is the rightmost part of the tree.
        let peaks = self.levels.iter().flat_map(|tile| tile.peaks.iter().rev());
        let root = peaks.copied().reduce(|right, left| node(&left, &right));
        root.unwrap_or_else(empty)
    }
}

/// The width of the partial tile of each level for a tree of `size`, up to the
/// highest level that exists.
fn widths(size: u64) -> impl Iterator<Item = usize> {
    (0..8)
        .map(move |level| shifted(size, 8 * level))
        .take_while(|rest| *rest > 0)
        .map(|rest| (rest % 256) as usize)
}

/// `n >> bits`, 0 where nothing is left.
pub(crate) const fn shifted(n: u64, bits: u32) -> u64 {
    if bits >= u64::BITS { 0 } else { n >> bits }
}

/// All leaves, and the roots of every full subtree of 256, 256^2, ... of them.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    /// Builds the levels over `leaves` on up to `threads` threads.
    pub fn new(leaves: Vec<Hash>, threads: usize) -> Self {
        let mut levels = vec![leaves];
        while let Some(below) = levels.last()
            && below.len() >= TILE
        {
            let next = roots(below, threads);
            levels.push(next);
        }
        Self { levels }
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, Vec::len) as u64
    }

    /// The leaves.
    pub fn leaves(&self) -> &[Hash] {
        self.levels.first().map_or(&[], Vec::as_slice)
    }

    /// The hashes of a tile as far as the tree has them.
    pub fn tile(&self, level: u32, index: u64, width: usize) -> Option<&[Hash]> {
        let from = usize::try_from(index).ok()?.checked_mul(TILE)?;
        self.levels.get(level as usize)?.get(from..from.checked_add(width)?)
    }

    /// The root over the first `size` leaves; `None` where there are fewer.
    pub fn root_at(&self, size: u64) -> Option<Hash> {
        if size == 0 {
            return Some(empty());
        }
        self.range(0, size)
    }

    /// The inclusion proof of leaf `index` in the tree of the first `size`
    /// leaves, from the leaf upward.
    pub fn inclusion(&self, index: u64, size: u64) -> Option<Vec<Hash>> {
        if index >= size || size > self.size() {
            return None;
        }
        let (mut low, mut high) = (0, size);
        let mut path = Vec::new();
        while high - low > 1 {
            let middle = low + split(high - low);
            if index < middle {
                path.push(self.range(middle, high)?);
                high = middle;
            } else {
                path.push(self.range(low, middle)?);
                low = middle;
            }
        }
        path.reverse();
        Some(path)
    }

    /// The root over the leaves `low..high`, where `low` is a multiple of the
    /// power of two at or above their number.
    fn range(&self, low: u64, high: u64) -> Option<Hash> {
        let count = high.checked_sub(low)?;
        if count.is_power_of_two() {
            let level = count.trailing_zeros() / 8;
            let row = self.levels.get(level as usize)?;
            let from = usize::try_from(shifted(low, 8 * level)).ok()?;
            let to = usize::try_from(shifted(high, 8 * level)).ok()?;
            return row.get(from..to).map(root);
        }
        let middle = low + split(count);
        Some(node(&self.range(low, middle)?, &self.range(middle, high)?))
    }
}

/// The root of each full run of 256.
fn roots(below: &[Hash], threads: usize) -> Vec<Hash> {
    let full = below.len() / TILE;
    let share = full.div_ceil(threads.max(1)).max(64) * TILE;
    let each = |part: &[Hash]| part.chunks_exact(TILE).map(root).collect::<Vec<_>>();
    if below.len() <= share {
        return each(below);
    }
    std::thread::scope(|scope| {
        let parts: Vec<_> =
            below.chunks(share).map(|part| scope.spawn(move || each(part))).collect();
        parts.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect()
    })
}

/// Whether `path` proves that `leaf` stands at `index` in the tree of `size`
/// leaves with this `root`.
pub fn proves(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(n: u64) -> Vec<Hash> {
        (0..n).map(|i| leaf(&i.to_be_bytes())).collect()
    }

    #[test]
    fn edge_tree_and_definition_agree() {
        let all = leaves(70_000);
        let tree = Tree::new(all.clone(), 2);
        let mut edge = Edge::default();
        let mut full = Vec::new();
        for (i, leaf) in all.iter().enumerate() {
            full.extend(edge.push(*leaf));
            let n = i as u64 + 1;
            if n < 600 || n.is_multiple_of(997) || n % 256 < 2 {
                assert_eq!(edge.root(), tree.root_at(n).unwrap(), "{n}");
            }
            if n < 600 {
                assert_eq!(edge.root(), root(&all[..n as usize]), "{n}");
            }
        }
        assert_eq!(full.iter().filter(|t| t.level == 0).count(), 273);
        assert_eq!(full.iter().filter(|t| t.level == 1).count(), 1);
        for tile in full {
            assert_eq!(tree.tile(tile.level, tile.index, TILE).unwrap(), tile.hashes);
        }
        let widths: Vec<_> = edge.tiles().map(|(_, index, hashes)| (index, hashes.len())).collect();
        assert_eq!(widths, [(273, 112), (1, 17), (0, 1)]);
    }

    #[test]
    fn published_vectors_hold() {
        // The test tree of certificate transparency: eight small leaves.
        let inputs: [&[u8]; 8] = [
            b"",
            b"\0",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let tree = Tree::new(inputs.iter().map(|i| leaf(i)).collect(), 1);
        let hex = |h: Hash| data_encoding::HEXLOWER.encode(&h);
        assert_eq!(
            hex(tree.root_at(1).unwrap()),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
        assert_eq!(
            hex(tree.root_at(8).unwrap()),
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
        );
        assert_eq!(
            hex(empty()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn inclusion_proofs_prove_and_nothing_else_does() {
        let tree = Tree::new(leaves(700), 1);
        for size in [1, 2, 3, 7, 8, 255, 256, 257, 511, 512, 513, 700] {
            let root = tree.root_at(size).unwrap();
            for index in (0..size).step_by(if size > 64 { 13 } else { 1 }) {
                let path = tree.inclusion(index, size).unwrap();
                let leaf = tree.leaves()[index as usize];
                assert!(proves(&leaf, index, size, &path, &root), "{index} in {size}");
                assert!(!proves(&leaf, index + 1, size, &path, &root));
                assert!(!proves(&empty(), index, size, &path, &root));
                if let Some((_, short)) = path.split_first() {
                    assert!(!proves(&leaf, index, size, short, &root));
                }
            }
        }
        assert_eq!(tree.inclusion(5, 5), None);
        assert_eq!(tree.inclusion(5, 701), None);
    }
}
