import { unusedWarning } from '#src/diffusion/pipeline/unused-warning.js';

it('buffers and training state give no warning', () => {
  const names = ['text_model.embeddings.position_ids', 'logit_scale', 'model_ema.decay', 'loss.logvar'];
  expect(unusedWarning(names)).toBeNull();
  expect(unusedWarning([])).toBeNull();
});

it('other tensors are named, without control characters, and long lists are cut', () => {
  const warning = unusedWarning(['logit_scale', 'adapter.weight', 'a\u001b[2Jb']);
  expect(warning).toMatch(/^The model has tensors that no SDXL network uses: adapter\.weight, .*; ignored\. /);
  expect(warning).not.toContain('logit_scale');
  expect(warning).not.toContain('\u001b');
  const many = unusedWarning(Array.from({ length: 5000 }, (_, at) => `layer.${at}.weight`));
  expect(many!.length).toBeLessThan(500);
});
