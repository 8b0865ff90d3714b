import { RefineError, type ErrorCode } from '#src/errors.js';
import { openLate } from '#src/onnx/runtime/open-late.js';

it('a session that does not open in the middle of a run fails its row, and says what to do', async () => {
  const fail = (code: ErrorCode) => (): Promise<never> => Promise.reject(new RefineError(code, 'out of memory'));
  await expect(openLate(fail('SESSION_CREATE'), 'take a smaller picture')).rejects.toMatchObject({
    code: 'SESSION_RUN',
    message: 'out of memory. Free memory, or take a smaller picture.',
    context: { mend: 'take a smaller picture' },
  });
  const sentence = (): Promise<never> => Promise.reject(new RefineError('SESSION_CREATE', 'out of memory.'));
  await expect(openLate(sentence, 'x')).rejects.toThrow('out of memory. Free memory, or x.');
  await expect(openLate(fail('CANCELLED'), 'x')).rejects.toMatchObject({ code: 'CANCELLED', message: 'out of memory' });
  expect(await openLate(() => Promise.resolve(1), 'x')).toBe(1);
});
