-- What LuaJIT without the 5.2 switch, or Lua 5.4, lacks of the dialect skills are written for.
local type, select, unpack = type, select, table.unpack or unpack
local is_jit, load = type(jit) == 'table', load
if not table.pack then
  function table.pack(...) return { n = select('#', ...), ... } end
end
if not table.unpack then table.unpack = unpack end
if is_jit then
  local real_pairs, real_ipairs, getmetatable = pairs, ipairs, getmetatable
  function _G.pairs(t)
    local meta = getmetatable(t)
    local custom = type(meta) == 'table' and meta.__pairs
    if custom then
      local f, s, v = custom(t)
      return f, s, v
    end
    return real_pairs(t)
  end
  function _G.ipairs(t)
    local meta = getmetatable(t)
    local custom = type(meta) == 'table' and meta.__ipairs
    if custom then
      local f, s, v = custom(t)
      return f, s, v
    end
    return real_ipairs(t)
  end
else
  _G.unpack = table.unpack
  _G.loadstring = load
  function table.getn(t) return #t end
  function math.pow(a, b) return a ^ b end
  function math.ldexp(m, e) return m * 2.0 ^ e end
  bit = load([[
    local function signed(n) n = n & 0xffffffff; if n >= 0x80000000 then n = n - 0x100000000 end return n end
    local function int(n) return math.tointeger(n) or math.tointeger(math.floor(n + 0.5)) end
    local function fold(f) return function(a, ...) a = int(a)
      for i = 1, select('#', ...) do a = f(a, int((select(i, ...)))) end return signed(a) end end
    local function low(n) return int(n) & 0xffffffff end
    return {
      tobit = function(n) return signed(int(n)) end, bnot = function(n) return signed(~int(n)) end,
      band = fold(function(a, b) return a & b end), bor = fold(function(a, b) return a | b end),
      bxor = fold(function(a, b) return a ~ b end),
      lshift = function(n, c) return signed(low(n) << (c & 31)) end,
      rshift = function(n, c) return signed(low(n) >> (c & 31)) end,
      arshift = function(n, c) n = signed(int(n)); return signed(n >> (c & 31) | ~(-1 >> (c & 31)) * (n < 0 and 1 or 0)) end,
      rol = function(n, c) n, c = low(n), c & 31; return signed(n << c | n >> (32 - c)) end,
      ror = function(n, c) n, c = low(n), c & 31; return signed(n >> c | n << (32 - c)) end,
      bswap = function(n) n = low(n)
        return signed((n & 0xff) << 24 | (n & 0xff00) << 8 | (n >> 8) & 0xff00 | n >> 24) end,
      tohex = function(n, digits) return string.format('%0' .. (digits or 8) .. 'x', low(n)):sub(-(digits or 8)) end,
    }
  ]])()
end
