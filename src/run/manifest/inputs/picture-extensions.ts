/** Extensions of picture files, for folders, globs, inputs and messages. A file's format is decided by its bytes. */
import { extname } from 'node:path';

/** Extensions that are read. Of pictures that differ only in extension, the first here gets the plain output name. */
const READ = [
  '.png',
  '.jpg',
  '.jpeg',
  '.webp',
  '.tif',
  '.tiff',
  '.avif',
  '.gif',
  '.jpe',
  '.jfif',
  '.jif',
  '.pjpeg',
  '.pjp',
];

/** Unsupported picture formats, reported by extension if skipped. */
const NOT_READ = [
  ...[
    '.apng',
    '.jxl',
    '.heic',
    '.heif',
    '.hif',
    '.bmp',
    '.dib',
    '.svg',
    '.svgz',
    '.ico',
    '.jp2',
    '.j2k',
    '.jpx',
    '.jxr',
  ],
  ...['.psd', '.psb', '.xcf', '.kra', '.exr', '.hdr', '.tga', '.dds', '.qoi', '.ppm', '.pgm', '.pbm', '.pnm', '.pfm'],
  ...['.dng', '.cr2', '.cr3', '.nef', '.arw', '.raf', '.orf', '.rw2', '.pef'],
];

export const PICTURE_EXTENSIONS = READ.join(' ');

/** In lower case. */
export const extensionIn = (path: string): string => extname(path).toLowerCase();

/** Index of a picture's extension in the list; -1 if it is not read. */
export const rankOf = (path: string): number => READ.indexOf(extensionIn(path));

export const isPicture = (path: string): boolean => rankOf(path) !== -1;

export const isUnreadPicture = (path: string): boolean => NOT_READ.includes(extensionIn(path));

export const SAVE_AS = 'save them as PNG, JPEG, WebP, TIFF or AVIF';
