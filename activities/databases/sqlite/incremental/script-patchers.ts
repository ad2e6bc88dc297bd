/**
 * Programs for `replay.sh` that read a stream of patches (patch-format.ts, page-patch.ts, rebuilt-page.ts) and change the database named by
 * their first argument; the second is the base of the chain. They stand in single quotes of a shell, so there are none in them.
 */

/** Version 5.8 or newer. */
export const PERL_PATCHER = `use strict;
sub bad { die "the patches are damaged: $_[0]\\n" }
sub take {
  my ($n, $b) = ($_[0], "");
  while (length $b < $n) { read(STDIN, $b, $n - length $b, length $b) or bad("they break off") }
  return $b;
}
sub page_of {
  my ($from, $number, $size, $page) = (@_, "");
  seek $from, ($number - 1) * $size, 0;
  read $from, $page, $size;
  return $page;
}
binmode STDIN;
open my $file, "+<:raw", $ARGV[0] or die "$ARGV[0]: $!\\n";
open my $base, "<:raw", $ARGV[1] or die "$ARGV[1]: $!\\n";
my ($magic, $size, $pages, $kept) = unpack "a8VVV", take(20);
bad("they do not begin as such") if $magic ne "HFPATCH2" or $size < 512 or $size > 65536;
take(4) while $kept--;
my ($number, $page, $todo, $at, $end) = (0, "", "", 0, 0);
sub inside { bad("page $number") if !$_[1] or $_[0] + $_[1] > $size; return @_ }
sub field {
  my ($form, $n) = @_;
  bad("page $number") if $at + $n > $end;
  $at += $n;
  return unpack $form, substr $todo, $at - $n, $n;
}
sub count {
  my $count = field("v", 2);
  bad("page $number") if 7 * $count > $size;
  return $count;
}
sub put {
  my ($where, $length) = inside(@_);
  substr($page, $where, $length) = field("a$length", $length);
}
sub change {
  my $before = $page;
  while ($at < $end) {
    my ($where, $word) = field("vv", 4);
    my $length = $word & 32767;
    if ($word & 32768) {
      inside($where, $length);
      substr($page, $where, $length) = substr $before, (inside(field("v", 2), $length))[0], $length;
    } else { put($where, $length) }
  }
}
sub rebuild {
  my @sources = ($page);
  my @copies;
  for (1 .. field("C", 1)) {
    my $source = field("V", 4);
    bad("page $number") if @sources > 3 or !$source or length($source = page_of($base, $source, $size)) < $size;
    push @sources, $source;
  }
  for (1 .. count()) {
    my ($source, $where, $from, $length) = field("Cvvv", 7);
    bad("page $number") if $source >= @sources;
    inside($where, $length);
    inside($from, $length);
    push @copies, [$source, $where, $from, $length];
    substr($page, $where, $length) = substr $sources[$source], $from, $length;
  }
  my $pointers = 0;
  for (1 .. count()) {
    my ($source, $where, $from, $count) = field("Cvvv", 7);
    $pointers += $count;
    bad("page $number") if $source >= @sources or 2 * $pointers > $size;
    inside($where, 2 * $count);
    inside($from, 2 * $count);
    my @pointers = unpack "n*", substr $sources[$source], $from, 2 * $count;
    for my $pointer (@pointers) {
      for (@copies) {
        next if $$_[0] != $source or $pointer < $$_[2] or $pointer >= $$_[2] + $$_[3];
        $pointer += $$_[1] - $$_[2];
        last;
      }
    }
    substr($page, $where, 2 * $count) = pack "n*", @pointers;
  }
  put(field("vv", 4)) while $at < $end;
}
while (1) {
  my ($step, $n) = unpack "Vv", take(6);
  if (!$step) { bad("their end is none") if $n; last }
  $number += $step;
  bad("page $number") if $number > $pages;
  if ($n == 65535) { $page = take($size) }
  else {
    my $is_rebuilt = $n >= 65533;
    $page = $n == 65533 ? "" : page_of($file, $number, $size);
    $page .= "\\0" x ($size - length $page);
    $n = unpack "v", take(2) if $is_rebuilt;
    ($todo, $at, $end) = (take($n), 0, $n);
    $is_rebuilt ? rebuild() : change();
  }
  seek $file, ($number - 1) * $size, 0;
  print $file $page or die "$ARGV[0]: $!\\n";
}
bad("something follows") if read STDIN, my $more, 1;
seek $file, 0, 0;
truncate $file, $pages * $size or die "$ARGV[0]: $!\\n";
close $file or die "$ARGV[0]: $!\\n";
`;

/** Version 3.4 or newer. */
export const PYTHON_PATCHER = `import struct, sys
source = sys.stdin.buffer
def bad(why):
    sys.exit("the patches are damaged: " + why)
def take(n):
    taken = source.read(n)
    if len(taken) < n:
        bad("they break off")
    return taken
def page_of(where, number):
    where.seek((number - 1) * size)
    return where.read(size)
def inside(where, length):
    if not length or where + length > size:
        bad("page %d" % number)
class Fields:
    def __init__(self, todo):
        self.todo, self.at = todo, 0
    def take(self, form):
        n = struct.calcsize("<" + form)
        if self.at + n > len(self.todo):
            bad("page %d" % number)
        self.at += n
        return struct.unpack_from("<" + form, self.todo, self.at - n)
    def more(self):
        return self.at < len(self.todo)
    def put(self, page, where, length):
        inside(where, length)
        page[where:where + length] = self.take("%ds" % length)[0]
def change(fields, before):
    page = bytearray(before)
    while fields.more():
        where, word = fields.take("HH")
        length = word & 32767
        if word & 32768:
            start = fields.take("H")[0]
            inside(where, length)
            inside(start, length)
            page[where:where + length] = before[start:start + length]
        else:
            fields.put(page, where, length)
    return page
def count_of(fields):
    count = fields.take("H")[0]
    if 7 * count > size:
        bad("page %d" % number)
    return range(count)
def source_of(fields, sources):
    index, where, start, count = fields.take("BHHH")
    if index >= len(sources):
        bad("page %d" % number)
    return index, where, start, count
def rebuild(fields, before):
    page, sources, copies = bytearray(before), [before], []
    for _ in range(fields.take("B")[0]):
        wanted = fields.take("I")[0]
        taken = page_of(base, wanted) if wanted else b""
        if len(sources) > 3 or len(taken) < size:
            bad("page %d" % number)
        sources.append(taken)
    for _ in count_of(fields):
        index, where, start, length = source_of(fields, sources)
        inside(where, length)
        inside(start, length)
        copies.append((index, where, start, length))
        page[where:where + length] = sources[index][start:start + length]
    pointers = 0
    for _ in count_of(fields):
        index, where, start, count = source_of(fields, sources)
        pointers += count
        if 2 * pointers > size:
            bad("page %d" % number)
        inside(where, 2 * count)
        inside(start, 2 * count)
        for place in range(0, 2 * count, 2):
            pointer = struct.unpack_from(">H", sources[index], start + place)[0]
            for copied, to, begin, length in copies:
                if copied == index and begin <= pointer < begin + length:
                    pointer += to - begin
                    break
            struct.pack_into(">H", page, where + place, pointer)
    while fields.more():
        fields.put(page, *fields.take("HH"))
    return page
file, base = open(sys.argv[1], "r+b"), open(sys.argv[2], "rb")
magic, size, pages, kept = struct.unpack("<8sIII", take(20))
if magic != b"HFPATCH2" or not 512 <= size <= 65536:
    bad("they do not begin as such")
for _ in range(kept):
    take(4)
number = 0
while True:
    step, n = struct.unpack("<IH", take(6))
    if step == 0:
        if n:
            bad("their end is none")
        break
    number += step
    if number > pages:
        bad("page %d" % number)
    if n == 65535:
        page = take(size)
    else:
        before = (b"" if n == 65533 else page_of(file, number)).ljust(size, b"\\0")
        if n >= 65533:
            page = rebuild(Fields(take(struct.unpack("<H", take(2))[0])), before)
        else:
            page = change(Fields(take(n)), before)
    file.seek((number - 1) * size)
    file.write(page)
if source.read(1):
    bad("something follows")
file.truncate(pages * size)
file.close()
`;
