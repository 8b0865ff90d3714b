/**
 * ONNX Runtime 1.30 on Linux and macOS collects telemetry unless told not to: it keeps a session identifier and logs in the
 * temporary folder and sends events when it can. A tool that works on private pictures must not. Imported before
 * the runtime wherever that is loaded, since it reads the variable when it starts.
 */
import { env } from 'node:process';

env['ORT_DISABLE_TELEMETRY'] = '1';
