// Errors that contain a secret in unexpected places. The secret must never appear in any output.
import { AxiosError, AxiosHeaders, type InternalAxiosRequestConfig } from 'axios';

export const SECRET = 'c2VjcmV0LXRva2VuLW9mLUVDUg';

function axiosError(): Error {
  const config: InternalAxiosRequestConfig = {
    headers: new AxiosHeaders({ Authorization: `Bearer ${SECRET}` }),
    data: JSON.stringify({ password: SECRET }),
    url: `https://AWS:${SECRET}@registry.example.com/v2/`,
  };
  return new AxiosError(
    `Request failed: ${SECRET}`,
    'ERR_BAD_REQUEST',
    config,
    { body: SECRET },
    {
      status: 400,
      statusText: SECRET,
      headers: { 'x-token': SECRET },
      config,
      data: { detail: SECRET },
    },
  );
}

function withStack(stack: string): Error {
  return Object.assign(new Error('stack replaced'), { stack });
}

function withGetter(property: 'message' | 'stack' | 'name' | 'constructor', get: () => unknown): Error {
  return Object.defineProperty(new Error('with a getter'), property, { get });
}

function bomb(): never {
  throw new Error(SECRET);
}

/** The key is a description. A function creates a new error for each test. */
export const HOSTILE_ERRORS: Readonly<Record<string, () => unknown>> = {
  'a real AxiosError': axiosError,
  'an AxiosError as cause': () => new Error('outer', { cause: axiosError() }),
  'a chain of causes': () => new Error(SECRET, { cause: new Error(SECRET, { cause: SECRET }) }),
  'an AggregateError': () => new AggregateError([new Error(SECRET)], SECRET),
  'a message that quotes a body': () => new Error(`HTTP 400: {"password":"${SECRET}"}`),
  'a message that looks like a stack': () => new Error(`x\n    at ${SECRET} (file:///${SECRET}.js:1:1)`),
  'a stack that is the secret': () => withStack(SECRET),
  'a stack that contains the secret': () => withStack(`Error: x\n    at ${SECRET} (/${SECRET}.js:1:1)`),
  'a name': () => Object.assign(new Error('named'), { name: SECRET }),
  'a class name': () => new (createErrorClass(`${SECRET}+/=`))(),
  'a toString': () => Object.assign(new Error('shown'), { toString: () => SECRET, toJSON: () => SECRET }),
  'fields and symbols': () =>
    Object.assign(new Error('fields'), { details: [SECRET], [Symbol('s')]: SECRET }),
  'a message getter that throws': () => withGetter('message', bomb),
  'a stack getter that throws': () => withGetter('stack', bomb),
  'a stack getter': () => withGetter('stack', () => SECRET),
  'a constructor getter that throws': () => withGetter('constructor', bomb),
  'a constructor that is not a function': () => withGetter('constructor', () => ({ name: SECRET.repeat(3) })),
  'no constructor': () => withGetter('constructor', () => undefined),
  'a message that is not a string': () =>
    Object.assign(new Error('x'), { message: { toString: () => SECRET } }),
  'a string instead of an Error': () => SECRET,
  'an object instead of an Error': () => ({
    message: SECRET,
    name: 'RefreshFailure',
    type: 'StoreForbidden',
  }),
  'an object that looks like a Temporal failure': () => ({ name: 'ApplicationFailure', message: SECRET }),
  undefined: () => undefined,
  null: () => null,
  'a symbol': () => Symbol(SECRET),
  'a function': () => Object.assign(() => SECRET, { secret: SECRET }),
  'an object without prototype': () => Object.assign(Object.create(null) as object, { secret: SECRET }),
  'a proxy that throws on every access': () =>
    new Proxy(new Error(SECRET), { get: bomb, getPrototypeOf: bomb, has: bomb, ownKeys: bomb }),
};

function createErrorClass(name: string): new () => Error {
  return Object.defineProperty(class extends Error {}, 'name', { value: name });
}
