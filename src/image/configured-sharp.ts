/** sharp as this program runs it; the rest of the room takes it from here. */
import sharp from 'sharp';

/* The cores belong to the networks, and a picture is decoded while they work on another. */
sharp.concurrency(1);
/* No picture is read twice: a cache would only hold memory. */
sharp.cache(false);
/* sharp also reads SVG, and what libvips was built with. A program that takes strangers' files opens only what it promises. */
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Png', 'Jpeg', 'Webp', 'Tiff', 'Heif', 'Nsgif'].map((loader) => `VipsForeignLoad${loader}`),
});

export { sharp };
