"""Languages by three letters (ISO 639-2/T), for containers that know no others."""

__all__ = ["three_letters"]

_BY_TWO = """
aaaar ababk aeave afafr akaka amamh anarg arara asasm avava ayaym azaze babak
bebel bgbul bhbih bibis bmbam bnben bobod brbre bsbos cacat ceche chcha cocos
crcre csces cuchu cvchv cycym dadan dedeu dvdiv dzdzo eeewe elell eneng eoepo
esspa etest eueus fafas ffful fifin fjfij fofao frfra fyfry gagle gdgla glglg
gngrn guguj gvglv hahau heheb hihin hohmo hrhrv hthat huhun hyhye hzher iaina
idind ieile igibo iiiii ikipk ioido isisl itita iuiku jajpn jvjav kakat kgkon
kikik kjkua kkkaz klkal kmkhm knkan kokor krkau kskas kukur kvkom kwcor kykir
lalat lbltz lglug lilim lnlin lolao ltlit lulub lvlav mgmlg mhmah mimri mkmkd
mlmal mnmon mrmar msmsa mtmlt mymya nanau nbnob ndnde nenep ngndo nlnld nnnno
nonor nrnbl nvnav nynya ococi ojoji omorm orori ososs papan pipli plpol pspus
ptpor quque rmroh rnrun roron rurus rwkin sasan scsrd sdsnd sesme sgsag sisin
skslk slslv smsmo snsna sosom sqsqi srsrp ssssw stsot susun svswe swswa tatam
tetel tgtgk ththa titir tktuk tltgl tntsn toton trtur tstso tttat twtwi tytah
uguig ukukr ururd uzuzb veven vivie vovol wawln wowol xhxho yiyid yoyor zazha
zhzho zuzul
"""
_LETTERS = {pair[:2]: pair[2:] for pair in _BY_TWO.split()}
_OLD = {"in": "ind", "iw": "heb", "ji": "yid"}
"""Codes that were withdrawn, and still stand in files."""


def three_letters(language: str) -> str:
    """The language of a BCP 47 tag (`en`, `pt-BR`) by three letters; else as it is."""
    first, _, rest = language.lower().replace("_", "-").partition("-")
    found = _LETTERS.get(first) or _OLD.get(first)
    if found is None and rest and len(first) == 3 and first.isalpha():
        found = first
    return found or language
