//! [`Block`]: one metric of many series over an hour, in pco's wrapped form: the bins are learned once for all, and
//! every series is a page of its own, so that one is read without the others and all are read in one go.

use pco::{
    ChunkConfig, PagingSpec,
    data_types::Number,
    wrapped::{ChunkDecompressor, FileCompressor, FileDecompressor},
};

use super::{
    bytes::{Bytes, put, sealed, unsealed},
    record::Form,
};

/// How hard pco tries: above 8 it costs time and saves next to nothing on measurements.
const LEVEL: usize = 8;

/// All values are one.
const UNIFORM: u8 = 0;
/// A page per series.
const PAGED: u8 = 1;

/// Encodes series, none of them empty, as a block.
pub(super) fn encode(form: Form, series: &[Vec<u64>]) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    let first = series.first().and_then(|values| values.first()).copied().unwrap_or(0);
    if series.iter().flatten().all(|value| *value == first) {
        body.push(UNIFORM);
        put(&mut body, first);
        return Ok(sealed(&body));
    }
    let (mut numbers, mut pages) = (Vec::new(), Vec::new());
    for values in series.iter().filter(|values| !is_constant(values)) {
        numbers.extend_from_slice(values);
        pages.push(values.len());
    }
    let packed = match form {
        Form::Whole => pack(&numbers, pages),
        Form::Single => pack(&numbers.iter().copied().map(single).collect::<Vec<_>>(), pages),
        Form::Double => pack(&numbers.iter().copied().map(f64::from_bits).collect::<Vec<_>>(), pages),
    };
    let Packed { head, pages } = packed.map_err(|error| error.to_string())?;
    body.push(PAGED);
    put(&mut body, head.len() as u64);
    body.extend_from_slice(&head);
    let mut page = pages.iter();
    for values in series {
        if is_constant(values) {
            put(&mut body, 0);
            put(&mut body, values.first().copied().unwrap_or(0));
        } else if let Some(page) = page.next() {
            put(&mut body, page.len() as u64);
        }
    }
    pages.iter().for_each(|page| body.extend_from_slice(page));
    Ok(sealed(&body))
}

fn is_constant(values: &[u64]) -> bool {
    values.iter().all(|value| Some(value) == values.first())
}

#[expect(clippy::cast_possible_truncation, reason = "a single is in the low half")]
fn single(bits: u64) -> f32 {
    f32::from_bits(bits as u32)
}

struct Packed {
    head: Vec<u8>,
    pages: Vec<Vec<u8>>,
}

fn pack<T: Number>(numbers: &[T], pages: Vec<usize>) -> pco::errors::PcoResult<Packed> {
    if numbers.is_empty() {
        return Ok(Packed { head: Vec::new(), pages: Vec::new() });
    }
    let count = pages.len();
    let config =
        ChunkConfig::default().with_compression_level(LEVEL).with_paging_spec(PagingSpec::Exact(pages));
    let file = FileCompressor::default();
    let mut chunk = file.chunk_compressor(numbers, &config)?;
    let head = chunk.write_meta(file.write_header(Vec::new())?)?;
    let pages = (0..count).map(|page| chunk.write_page(page, Vec::new())).collect::<Result<_, _>>()?;
    Ok(Packed { head, pages })
}

/// A block, opened: its checksum holds, and where its series are is known.
pub(super) struct Block<'b> {
    series: Vec<Series<'b>>,
    pages: Pages,
}

#[derive(Clone, Copy)]
enum Series<'b> {
    Constant(u64),
    Page(&'b [u8]),
}

enum Pages {
    None,
    Whole(ChunkDecompressor<u64>),
    Single(ChunkDecompressor<f32>),
    Double(ChunkDecompressor<f64>),
}

impl<'b> Block<'b> {
    /// Opens a block of so many series; `None` when it is damaged.
    pub(super) fn open(form: Form, bytes: &'b [u8], count: usize) -> Option<Self> {
        let mut body = Bytes(unsealed(bytes)?);
        match body.take(1)? {
            [UNIFORM] => {
                let value = body.number()?;
                Some(Self { series: vec![Series::Constant(value); count], pages: Pages::None })
            }
            [PAGED] => {
                let head = body.count(bytes.len()).and_then(|length| body.take(length))?;
                let pages = if head.is_empty() { Pages::None } else { Pages::open(form, head)? };
                let series = series_of(&mut body, count)?;
                Some(Self { series, pages })
            }
            _ => None,
        }
    }

    /// Appends the values of one series, of which there are so many; `None` when they cannot be read.
    pub(super) fn read(&mut self, index: usize, count: usize, out: &mut Vec<u64>) -> Option<()> {
        match *self.series.get(index)? {
            Series::Constant(value) => out.resize(out.len() + count, value),
            Series::Page(page) => match &mut self.pages {
                Pages::None => return None,
                Pages::Whole(chunk) => read_page(chunk, page, count, out, |value: u64| value)?,
                Pages::Single(chunk) => {
                    read_page(chunk, page, count, out, |value: f32| u64::from(value.to_bits()))?;
                }
                Pages::Double(chunk) => read_page(chunk, page, count, out, f64::to_bits)?,
            },
        }
        Some(())
    }
}

/// Where each series is: lengths first, then the pages one after the other.
fn series_of<'b>(body: &mut Bytes<'b>, count: usize) -> Option<Vec<Series<'b>>> {
    let mut lengths = Vec::with_capacity(count);
    for _ in 0..count {
        let length = body.count(body.0.len())?;
        lengths.push((length, if length == 0 { body.number()? } else { 0 }));
    }
    let place = |(length, value): (usize, u64)| {
        if length == 0 { Some(Series::Constant(value)) } else { body.take(length).map(Series::Page) }
    };
    lengths.into_iter().map(place).collect()
}

impl Pages {
    fn open(form: Form, head: &[u8]) -> Option<Self> {
        let (file, rest) = FileDecompressor::new(head).ok()?;
        Some(match form {
            Form::Whole => Self::Whole(file.chunk_decompressor(rest).ok()?.0),
            Form::Single => Self::Single(file.chunk_decompressor(rest).ok()?.0),
            Form::Double => Self::Double(file.chunk_decompressor(rest).ok()?.0),
        })
    }
}

fn read_page<T: Number + Default>(
    chunk: &mut ChunkDecompressor<T>,
    page: &[u8],
    count: usize,
    out: &mut Vec<u64>,
    bits: impl Fn(T) -> u64,
) -> Option<()> {
    let mut values = vec![T::default(); count];
    let mut page = chunk.page_decompressor(page, count).ok()?;
    let progress = page.read(&mut values).ok()?;
    if progress.n_processed != count {
        return None;
    }
    out.extend(values.into_iter().map(bits));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_back(form: Form, series: &[Vec<u64>]) -> Option<Vec<Vec<u64>>> {
        let bytes = encode(form, series).unwrap();
        let mut block = Block::open(form, &bytes, series.len())?;
        let read = |(index, values): (usize, &Vec<u64>)| {
            let mut out = Vec::new();
            block.read(index, values.len(), &mut out).map(|()| out)
        };
        series.iter().enumerate().map(read).collect()
    }

    #[test]
    fn every_form_reads_back_bit_for_bit() {
        let noise = |seed: u64, count: u64| -> Vec<u64> {
            (0..count).map(|turn| (seed + turn).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20).collect()
        };
        let whole = vec![noise(1, 120), vec![7; 120], vec![u64::MAX], noise(9, 3), vec![0, u64::MAX]];
        assert_eq!(read_back(Form::Whole, &whole).unwrap(), whole);
        let odd = [f32::NAN, -0.0, 0.0, f32::INFINITY, 12.34, 12.35, f32::MIN_POSITIVE];
        let single = vec![odd.map(|value| u64::from(value.to_bits())).to_vec(), vec![0; 5]];
        assert_eq!(read_back(Form::Single, &single).unwrap(), single);
        let odd = [f64::NAN, -0.0, 0.0, f64::NEG_INFINITY, 0.1, 0.2, 1e300];
        let double = vec![odd.map(f64::to_bits).to_vec(), odd.map(f64::to_bits).to_vec()];
        assert_eq!(read_back(Form::Double, &double).unwrap(), double);
    }

    #[test]
    fn equal_values_cost_next_to_nothing() {
        let series = vec![vec![42; 360]; 256];
        assert!(encode(Form::Whole, &series).unwrap().len() < 16);
        assert_eq!(read_back(Form::Whole, &series).unwrap(), series);
    }

    #[test]
    fn a_damaged_block_does_not_open() {
        let series = vec![(0..100).collect::<Vec<u64>>(), (50..250).map(|value| value * value).collect()];
        let bytes = encode(Form::Whole, &series).unwrap();
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x10;
            assert!(Block::open(Form::Whole, &damaged, 2).is_none(), "byte {place}");
        }
    }
}
