/** Metadata in comments, where Fooocus-MRE and converters put it. */
import type { GenerationMetadata } from '#src/media/metadata/generation-metadata.js';
import { readGenerationMetadata } from '#src/media/metadata/read-generation-metadata.js';
import { gif, jpeg, pngWith } from './build-pictures.js';
import * as texts from './infotexts.js';

const read = (picture: Uint8Array): GenerationMetadata | null => readGenerationMetadata(picture);

describe('comments', () => {
  const mre = JSON.stringify({
    prompt: 'a heron',
    negative_prompt: 'people',
    cfg: 4,
    software: 'Fooocus-MRE',
    seed: 5,
  });
  const HERON = { program: 'fooocus', prompt: 'a heron', negativePrompt: 'people', guidanceScale: 4, seed: 5 };
  const FOX = { program: 'a1111', prompt: 'a red fox in snow', seed: 123456789 };

  it("Fooocus-MRE's JSON and infotexts in PNG, JPEG and GIF", () => {
    for (const picture of [pngWith({ Comment: mre }), jpeg(null, '', mre), gif([mre]), gif([], [mre])])
      expect(read(picture)).toMatchObject(HERON);
    const pictures = ['Comment', 'Parameters', 'Description', 'UserComment'].map((key) =>
      pngWith({ [key]: texts.PLAIN }),
    );
    for (const picture of [...pictures, jpeg(null, '', texts.PLAIN), gif([texts.PLAIN])])
      expect(read(picture)).toMatchObject(FOX);
  });

  it('of a person or a camera, and parameters alone, are none', () => {
    expect(read(pngWith({ Comment: 'Created with GIMP' }))).toBeNull();
    expect(read(jpeg(null, '', 'CREATOR: gd-jpeg v1.0, quality = 90'))).toBeNull();
    expect(read(pngWith({ Comment: 'Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5' }))).toBeNull();
    // `parameters` has the first place.
    expect(read(pngWith({ Comment: mre, parameters: texts.PLAIN }))).toMatchObject(FOX);
  });
});
