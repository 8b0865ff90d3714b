/** The response to a failed request. Types only. */
import type { ErrorCode } from '../../../errors.js';

export interface ErrorAnswer {
  status: number;
  body: { error: { code: ErrorCode; message: string; row?: number } };
}
