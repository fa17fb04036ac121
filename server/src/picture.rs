//! The server's picture: decodes an upload within limits and encodes it anew, so that nothing else of the file is kept.

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, imageops::FilterType,
    metadata::Orientation,
};
use parlor_protocol::limits::{MAX_PICTURE_BYTES, MAX_PICTURE_SIDE};
use sha2::{Digest, Sha256};

use crate::domain::{PictureImage, ServerPicture};

/// Width and height in pixels of the image that pages show.
pub const PAGE_SIDE: u32 = 256;

/// Width and height of the icons in a web app manifest.
pub const ICON_SIDES: [u32; 2] = [192, LARGEST_SIDE];

const LARGEST_SIDE: u32 = 512;

/// Width and height of the stored images.
const SIDES: [u32; 3] = [PAGE_SIDE, ICON_SIDES[0], ICON_SIDES[1]];

/// Memory for decoding: the largest picture with 8 bytes for each pixel.
const MAX_DECODE_BYTES: u64 = 8 * MAX_PICTURE_SIDE as u64 * MAX_PICTURE_SIDE as u64;

/// Why an upload cannot be the server's picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    #[error("The picture is larger than 1 MB. Choose a smaller file.")]
    TooLarge,
    #[error("The picture is larger than {MAX_PICTURE_SIDE} × {MAX_PICTURE_SIDE} pixels. Scale it down first.")]
    TooManyPixels,
    #[error("The file is not a PNG, JPEG or WebP picture.")]
    UnsupportedFormat,
    #[error("The picture cannot be read. The file may be damaged or incomplete.")]
    Damaged,
}

/// Cuts the middle square out of an image and scales it to each size. Takes up to some tenths of a second.
///
/// # Errors
/// See [`PictureError`].
pub fn process(file: &[u8]) -> Result<ServerPicture, PictureError> {
    let square = middle_square(&decode(file)?);
    let largest = square.resize_exact(LARGEST_SIDE, LARGEST_SIDE, FilterType::Lanczos3).into_rgba8().into();
    let images = SIDES.map(|side| encode(&largest, side)).into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut digest = Sha256::new();
    images.iter().for_each(|image| digest.update(&image.png));
    let id = digest.finalize()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(ServerPicture { id, images })
}

/// Decodes an image the way up that its metadata says. Its size is checked before its pixels are decoded.
fn decode(file: &[u8]) -> Result<DynamicImage, PictureError> {
    if file.len() > MAX_PICTURE_BYTES {
        return Err(PictureError::TooLarge);
    }
    let format = image::guess_format(file)
        .ok()
        .filter(|format| matches!(format, ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP));
    let format = format.ok_or(PictureError::UnsupportedFormat)?;
    if format == ImageFormat::Jpeg && !is_whole_jpeg(file) {
        return Err(PictureError::Damaged);
    }
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_PICTURE_SIDE);
    limits.max_image_height = Some(MAX_PICTURE_SIDE);
    limits.max_alloc = Some(MAX_DECODE_BYTES);
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder)?;
    image.apply_orientation(orientation);
    Ok(image)
}

/// Whether the last scan of a JPEG is followed by the end of an image (ITU-T T.81, annex B). The decoder would fill what is
/// missing with grey.
fn is_whole_jpeg(file: &[u8]) -> bool {
    let last = |marker: [u8; 2]| file.windows(2).rposition(|bytes| bytes == marker);
    last([0xff, 0xd9]) > last([0xff, 0xda])
}

fn middle_square(image: &DynamicImage) -> DynamicImage {
    let (width, height) = (image.width(), image.height());
    let side = width.min(height);
    image.crop_imm((width - side) / 2, (height - side) / 2, side, side)
}

fn encode(image: &DynamicImage, side: u32) -> Result<PictureImage, PictureError> {
    let mut png = Vec::new();
    let scaled = image.resize_exact(side, side, FilterType::Lanczos3);
    scaled.write_to(&mut Cursor::new(&mut png), ImageFormat::Png)?;
    Ok(PictureImage { side, png })
}

impl From<ImageError> for PictureError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(_) => Self::TooManyPixels,
            ImageError::Unsupported(_) => Self::UnsupportedFormat,
            ImageError::Decoding(_) | ImageError::Encoding(_) | ImageError::Parameter(_) | ImageError::IoError(_) => {
                Self::Damaged
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use image::{Rgb, RgbImage};

    use super::*;

    /// Red on the left, blue on the right, with green above and below the middle square.
    fn tall() -> DynamicImage {
        let pixel = |x, y| match (x, y) {
            (_, 0..20 | 60..) => Rgb([0, 255, 0]),
            (0..20, _) => Rgb([255, 0, 0]),
            _ => Rgb([0, 0, 255]),
        };
        RgbImage::from_fn(40, 80, pixel).into()
    }

    fn file(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        image.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
        bytes
    }

    /// The strongest of red, green and blue at a place of the stored image with this side.
    fn hue(picture: &ServerPicture, side: u32, x: u32, y: u32) -> usize {
        let stored = picture.images.iter().find(|image| image.side == side).unwrap();
        let image = image::load_from_memory(&stored.png).unwrap().into_rgb8();
        assert_eq!(image.dimensions(), (side, side));
        let pixel = image.get_pixel(x, y).0;
        (0..3).max_by_key(|channel| pixel[*channel]).unwrap()
    }

    #[test]
    fn pictures_are_cropped_to_squares_of_each_size() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let picture = process(&file(&tall(), format)).unwrap();
            for side in SIDES {
                let (left, right) = (side / 8, side - side / 8);
                assert_eq!((hue(&picture, side, left, side / 2), hue(&picture, side, right, side / 2)), (0, 2));
                assert_eq!(hue(&picture, side, left, side / 16), 0, "green is cut off");
            }
            assert_eq!(picture.id.len(), 32);
        }
        let [one, other] = [tall(), tall().rotate180()].map(|image| process(&file(&image, ImageFormat::Png)).unwrap());
        assert_ne!(one.id, other.id);
    }

    #[test]
    fn the_orientation_of_a_photo_is_applied() {
        // Exif with one entry: orientation 6, the camera was turned right.
        let exif = b"\xff\xe1\x00\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let photo = file(&tall(), ImageFormat::Jpeg);
        let photo = [&photo[..2], exif, &photo[2..]].concat();
        let picture = process(&photo).unwrap();
        assert_eq!((hue(&picture, 256, 128, 32), hue(&picture, 256, 128, 224)), (0, 2));
    }

    #[test]
    fn what_is_no_picture_is_rejected() {
        for other in [&b""[..], b"GIF89a\x01\0\x01\0\0\0\0;", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"hello"] {
            assert_eq!(process(other).unwrap_err(), PictureError::UnsupportedFormat);
        }
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let whole = file(&tall(), format);
            for length in [12, whole.len() / 2] {
                assert_eq!(process(&whole[..length]).unwrap_err(), PictureError::Damaged, "{format:?} {length}");
            }
        }
        assert_eq!(process(&vec![0; MAX_PICTURE_BYTES + 1]).unwrap_err(), PictureError::TooLarge);
    }

    #[test]
    fn a_decompression_bomb_is_rejected_by_its_size() {
        // Some kilobytes that would become gigabytes.
        let mut bomb = file(&DynamicImage::new_luma8(1, 1), ImageFormat::Png);
        bomb[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
        let crc = crc32(&bomb[12..29]).to_be_bytes();
        bomb[29..33].copy_from_slice(&crc);
        assert_eq!(process(&bomb).unwrap_err(), PictureError::TooManyPixels);
        let wide = DynamicImage::new_luma8(MAX_PICTURE_SIDE + 1, 1);
        for format in [ImageFormat::Png, ImageFormat::Jpeg] {
            assert_eq!(process(&file(&wide, format)).unwrap_err(), PictureError::TooManyPixels, "{format:?}");
        }
    }

    /// The checksum of a PNG chunk (ISO/IEC 15948, annex D).
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
        })
    }
}
