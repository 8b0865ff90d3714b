/** sharp with this program's settings; `media` imports sharp only from here. */
import { createRequire } from 'node:module';
import type sharpFunction from 'sharp';

/* Its ES module imports JSON: Node 20.9 cannot, and Node up to 20.18 and 22.11 warn of it. Its CommonJS runs on all of them alike. */
const sharp = createRequire(import.meta.url)('sharp') as typeof sharpFunction;

/* The networks use the cores: a picture is decoded while another is refined. */
sharp.concurrency(1);
/* No picture is read twice: a cache would only use memory. */
sharp.cache(false);
/* sharp also reads SVG and any format that libvips was built with. Untrusted files must reach only the documented loaders. */
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Png', 'Jpeg', 'Webp', 'Tiff', 'Heif', 'Nsgif'].map((loader) => `VipsForeignLoad${loader}`),
});

export { sharp };
