import type { Failure, HttpAnswer } from '../streams/answer-form.ts';

/**
 * The error object of OpenAI, which many others have taken over: `{"error":{message,type,param,code}}`.
 *
 * @see https://platform.openai.com/docs/guides/error-codes
 */
interface OpenAiError {
  readonly status: number;
  readonly message: string;
  readonly type: string;
  readonly code: string;
}

const ERRORS: Readonly<Record<Failure, OpenAiError>> = {
  concurrency: {
    status: 429,
    message: 'Too many concurrent requests for this account, please try again later.',
    type: 'rate_limit_error',
    code: 'concurrency_limit_exceeded',
  },
  overloaded: {
    status: 503,
    message: 'The server is overloaded, please try again later.',
    type: 'server_error',
    code: 'overloaded',
  },
  internal: {
    status: 500,
    message: 'The server had an error while processing your request.',
    type: 'server_error',
    code: 'internal_error',
  },
  auth: {
    status: 401,
    message: 'Incorrect credentials provided.',
    type: 'invalid_request_error',
    code: 'invalid_api_key',
  },
  'bad-request': {
    status: 400,
    message: 'The request could not be understood.',
    type: 'invalid_request_error',
    code: 'invalid_request',
  },
  'not-found': {
    status: 404,
    message: 'There is nothing here.',
    type: 'invalid_request_error',
    code: 'not_found',
  },
  method: {
    status: 405,
    message: 'This method is not allowed here.',
    type: 'invalid_request_error',
    code: 'method_not_allowed',
  },
  'too-large': {
    status: 413,
    message: 'The request body is too large.',
    type: 'invalid_request_error',
    code: 'request_too_large',
  },
};

export function openAiErrorBody(failure: Failure, detail?: string): string {
  const { message, type, code } = ERRORS[failure];
  const error = { message: detail ?? message, type, param: null, code };
  return JSON.stringify({ error });
}

export function refuseLikeOpenAi(failure: Failure, detail?: string): HttpAnswer {
  const { status } = ERRORS[failure];
  return {
    status,
    contentType: 'application/json',
    body: openAiErrorBody(failure, detail),
    ...((status === 429 || status === 503) && { headers: { 'retry-after': '1' } }),
  };
}
