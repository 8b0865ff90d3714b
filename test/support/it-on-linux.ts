import { existsSync } from 'node:fs';
import { skipWhere } from './skip-where.js';

/** Tests that look for processes run where there is /proc. */
export const { it: itOnLinux } = skipWhere(existsSync('/proc/self/stat') ? null : 'there is no /proc');
