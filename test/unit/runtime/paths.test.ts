import { expect, test } from 'vitest'
import { cacheDirectory, homeDirectory } from '../../../main/paths'

test.each([
  ['linux', {}, '/home/ada/.cache/whetstone', '/home/ada/.local/share/whetstone'],
  ['linux', { XDG_CACHE_HOME: '/fast', XDG_DATA_HOME: '/data' }, '/fast/whetstone', '/data/whetstone'],
  [
    'linux',
    { XDG_CACHE_HOME: 'rel', XDG_DATA_HOME: '' },
    '/home/ada/.cache/whetstone',
    '/home/ada/.local/share/whetstone'
  ],
  ['linux', { WHETSTONE_CACHE: '/c', WHETSTONE_HOME: '/h', XDG_CACHE_HOME: '/fast' }, '/c', '/h'],
  [
    'darwin',
    { XDG_CACHE_HOME: '/fast' },
    '/home/ada/Library/Caches/Whetstone',
    '/home/ada/Library/Application Support/Whetstone'
  ]
] as const)('on %s with %o', (platform, env, cache, data) => {
  expect(cacheDirectory(env, platform, '/home/ada')).toBe(cache)
  expect(homeDirectory(env, platform, '/home/ada')).toBe(data)
})

test('on Windows, with and without LOCALAPPDATA', () => {
  const home = 'C:\\Users\\Ada'
  expect(cacheDirectory({ LOCALAPPDATA: 'D:\\Local' }, 'win32', home)).toBe('D:\\Local\\Whetstone\\Cache')
  expect(cacheDirectory({}, 'win32', home)).toBe('C:\\Users\\Ada\\AppData\\Local\\Whetstone\\Cache')
  expect(homeDirectory({}, 'win32', home)).toBe('C:\\Users\\Ada\\AppData\\Local\\Whetstone\\Data')
})

test('a relative folder counts from where the program was started', () => {
  expect(cacheDirectory({ WHETSTONE_CACHE: 'here' }, 'linux', '/home/ada')).toBe(`${process.cwd()}/here`)
})
