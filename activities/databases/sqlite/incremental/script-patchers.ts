/**
 * Programs for `replay.sh` that read a stream of patches (patch-format.ts, page-patch.ts) and change the database named by their argument.
 * They stand in single quotes of a shell, so there are none in them.
 */

/** Version 5.8 or newer. */
export const PERL_PATCHER = `use strict;
sub bad { die "the patches are damaged: $_[0]\\n" }
sub take {
  my ($n, $b) = ($_[0], "");
  while (length $b < $n) { read(STDIN, $b, $n - length $b, length $b) or bad("they break off") }
  return $b;
}
binmode STDIN;
open my $file, "+<:raw", $ARGV[0] or die "$ARGV[0]: $!\\n";
my ($magic, $size, $pages) = unpack "a8VV", take(16);
bad("they do not begin as such") if $magic ne "HFPATCH1" or $size < 512 or $size > 65536;
my $number = 0;
while (1) {
  my ($step, $n) = unpack "Vv", take(6);
  if (!$step) { bad("their end is none") if $n; last }
  $number += $step;
  bad("page $number") if $number > $pages;
  my $page = "";
  if ($n == 65535) { $page = take($size) }
  else {
    seek $file, ($number - 1) * $size, 0;
    read $file, $page, $size;
    $page .= "\\0" x ($size - length $page);
    my ($before, $at, $todo) = ($page, 0, take($n));
    while ($at < $n) {
      bad("page $number") if $at + 4 > $n;
      my ($where, $word) = unpack "vv", substr $todo, $at, 4;
      my $length = $word & 32767;
      $at += 4;
      bad("page $number") if !$length or $where + $length > $size;
      if ($word & 32768) {
        bad("page $number") if $at + 2 > $n;
        my $from = unpack "v", substr $todo, $at, 2;
        bad("page $number") if $from + $length > $size;
        substr($page, $where, $length) = substr $before, $from, $length;
        $at += 2;
      } else {
        bad("page $number") if $at + $length > $n;
        substr($page, $where, $length) = substr $todo, $at, $length;
        $at += $length;
      }
    }
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
file = open(sys.argv[1], "r+b")
magic, size, pages = struct.unpack("<8sII", take(16))
if magic != b"HFPATCH1" or not 512 <= size <= 65536:
    bad("they do not begin as such")
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
        file.seek((number - 1) * size)
        before = file.read(size).ljust(size, b"\\0")
        page, at, todo = bytearray(before), 0, take(n)
        while at < n:
            if at + 4 > n:
                bad("page %d" % number)
            where, word = struct.unpack_from("<HH", todo, at)
            length, at = word & 32767, at + 4
            if not length or where + length > size:
                bad("page %d" % number)
            if word & 32768:
                if at + 2 > n:
                    bad("page %d" % number)
                start = struct.unpack_from("<H", todo, at)[0]
                if start + length > size:
                    bad("page %d" % number)
                page[where:where + length] = before[start:start + length]
                at += 2
            else:
                if at + length > n:
                    bad("page %d" % number)
                page[where:where + length] = todo[at:at + length]
                at += length
    file.seek((number - 1) * size)
    file.write(page)
if source.read(1):
    bad("something follows")
file.truncate(pages * size)
file.close()
`;
