//! Rows in blocks: groups of neighbouring rows that the browser lays out and paints, or skips, as a whole.
//!
//! Pure. The browser's work for each frame grows with the number of elements that it may skip. A room has hundreds of rows
//! and some dozens of blocks. A row that is in the page keeps its block, because moving it would render it anew.

use std::collections::HashMap;

use super::rows::{Row, RowKey};

/// Rows of a full block.
const BLOCK_SIZE: usize = 8;

pub type BlockId = u32;

/// A block and its rows.
pub(super) type Block = (BlockId, Vec<(RowKey, Row)>);

/// Distributes rows to blocks. `known` has the block of each row that is in the page, `next` the id of the next new block.
pub(super) fn blocks(rows: Vec<(RowKey, Row)>, known: &HashMap<RowKey, BlockId>, next: &mut BlockId) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    // Separators and notices that are not in the page yet go where the message after them goes.
    let mut leading = Vec::new();
    for (key, row) in rows {
        let last = blocks.last().map(|(id, _)| *id);
        let known = known.get(&key).copied();
        let stays = known.is_some() && known == last;
        if !stays && !matches!(key, RowKey::Message(_)) {
            leading.push((key, row));
            continue;
        }
        let is_full = blocks.last().is_none_or(|(_, rows)| rows.len() >= BLOCK_SIZE);
        // Messages may change places, but a block is never in two places.
        let returns = known.filter(|id| !stays && blocks.iter().all(|(other, _)| other != id));
        if returns.is_some() || (!stays && is_full) {
            blocks.push((returns.unwrap_or_else(|| new_id(next)), Vec::new()));
        }
        if let Some((_, block)) = blocks.last_mut() {
            block.append(&mut leading);
            block.push((key, row));
        }
    }
    match blocks.last_mut() {
        Some((_, block)) => block.append(&mut leading),
        None if !leading.is_empty() => blocks.push((new_id(next), leading)),
        None => {}
    }
    blocks
}

fn new_id(next: &mut BlockId) -> BlockId {
    *next += 1;
    *next
}

#[cfg(test)]
mod tests {
    use parlor_protocol::CommandId;
    use uuid::Uuid;

    use super::*;

    /// The rows of the page: updates keep what is there.
    #[derive(Default)]
    struct Page {
        known: HashMap<RowKey, BlockId>,
        next: BlockId,
    }

    impl Page {
        fn update(&mut self, keys: &[RowKey]) -> Vec<(BlockId, Vec<RowKey>)> {
            let rows = keys.iter().map(|key| (*key, Row::UnreadMarker)).collect();
            let blocks = blocks(rows, &self.known, &mut self.next);
            let keys_of = |(id, rows): Block| (id, rows.into_iter().map(|(key, _)| key).collect::<Vec<_>>());
            let blocks: Vec<_> = blocks.into_iter().map(keys_of).collect();
            assert_eq!(blocks.iter().flat_map(|(_, keys)| keys).copied().collect::<Vec<_>>(), keys, "the order stays");
            self.known = blocks.iter().flat_map(|(id, keys)| keys.iter().map(|key| (*key, *id))).collect();
            blocks
        }
    }

    fn messages(numbers: std::ops::Range<u128>) -> Vec<RowKey> {
        numbers.map(|n| RowKey::Message(CommandId(Uuid::from_u128(n)))).collect()
    }

    fn sizes(blocks: &[(BlockId, Vec<RowKey>)]) -> Vec<(BlockId, usize)> {
        blocks.iter().map(|(id, keys)| (*id, keys.len())).collect()
    }

    #[test]
    fn new_messages_fill_the_last_block_before_another_begins() {
        let mut page = Page::default();
        assert_eq!(sizes(&page.update(&messages(0..26))), [(1, 8), (2, 8), (3, 8), (4, 2)]);
        assert_eq!(sizes(&page.update(&messages(0..32))), [(1, 8), (2, 8), (3, 8), (4, 8)]);
        assert_eq!(sizes(&page.update(&messages(0..33))), [(1, 8), (2, 8), (3, 8), (4, 8), (5, 1)]);
    }

    #[test]
    fn older_messages_and_trimming_leave_the_other_rows_where_they_are() {
        let mut page = Page::default();
        let day = RowKey::Day(1);
        let with_day = |messages: Vec<RowKey>| [vec![day], messages].concat();
        assert_eq!(sizes(&page.update(&with_day(messages(100..120)))), [(1, 8), (2, 8), (3, 5)]);
        // The separator of the day moves above the older messages.
        let blocks = page.update(&with_day(messages(80..120)));
        assert_eq!(sizes(&blocks), [(4, 8), (5, 8), (6, 5), (1, 7), (2, 8), (3, 5)]);
        assert_eq!(sizes(&page.update(&with_day(messages(105..120)))), [(1, 3), (2, 8), (3, 5)]);
    }

    #[test]
    fn a_message_that_changes_places_does_not_tear_its_block_apart() {
        let mut page = Page::default();
        let all = messages(0..14);
        assert_eq!(sizes(&page.update(&all)), [(1, 8), (2, 6)]);
        let swapped = [&all[..7], &all[8..9], &all[7..8], &all[9..]].concat();
        assert_eq!(sizes(&page.update(&swapped)), [(1, 7), (2, 7)]);
    }

    #[test]
    fn separators_precede_their_message_and_notices_stay() {
        let mut page = Page::default();
        let notice = RowKey::Notice(8, true);
        let mut rows = messages(0..8);
        rows.push(notice);
        assert_eq!(sizes(&page.update(&rows)), [(1, 9)]);
        rows.push(RowKey::UnreadMarker);
        rows.extend(messages(8..9));
        let blocks = page.update(&rows);
        assert_eq!(sizes(&blocks), [(1, 9), (2, 2)]);
        assert_eq!(blocks[1].1[0], RowKey::UnreadMarker);
        assert_eq!(sizes(&page.update(&[notice])), [(3, 1)]);
    }
}
