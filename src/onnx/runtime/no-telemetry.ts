/**
 * Turns off telemetry. ONNX Runtime 1.30 on Linux and macOS otherwise writes a session identifier and logs to the temporary
 * folder and sends events; a tool for private images must not. Imported before the runtime, which reads the variable at start.
 */
import { env } from 'node:process';

env['ORT_DISABLE_TELEMETRY'] = '1';
