# SPDX-License-Identifier: Apache-2.0
"""Made-up figures that obey the rules of the catalogue, from a seed.

They are nobody's real figures. The annual figures continue the half-year ones: cumulative counts
only grow, opening balances stay.
"""
import random


class Figures:
    """The figures of one unit: half_year(), then annual()."""

    def __init__(self, seed, unit, is_commune):
        self.random = random.Random(f"{seed}/{unit}")
        self.is_commune = is_commune
        self.size = self.random.randint(1, 6) if is_commune else self.random.randint(2, 12)
        self.parts = {}

    def count(self, mean):
        return self.random.randint(0, max(1, mean * self.size))

    def grow(self, code, mean):
        """A cumulative count: what it was and what came since."""
        self.parts[code] = self.parts.get(code, 0) + self.count(mean)
        return self.parts[code]

    def keep(self, code, mean):
        """An opening balance: the same all year."""
        return self.parts.setdefault(code, self.count(mean))

    def settled(self, code, total):
        """How many of a growing total are done: never fewer than before."""
        done = self.parts.get(code, 0)
        self.parts[code] = self.random.randint(min(done, total), total)
        return self.parts[code]

    def period(self):
        v = {}
        r = self.random
        v["VB02"], v["VB03"] = self.grow("VB02", 1), self.grow("VB03", 2)
        v["VB01"] = v["VB02"] + v["VB03"]
        v["PC01"] = 1 if self.parts.get("PC01") else int(r.random() < 0.9)
        self.parts["PC01"] = v["PC01"]
        if v["PC01"]:
            v["PC02"] = self.parts.setdefault(
                "PC02", f"2025-{r.randint(1, 4):02}-{r.randint(1, 28):02}")
        for visits, people in (("TCD04", "TCD05"), ("TCD13", "TCD14"), ("TCD22", "TCD23")):
            more = self.count(4)
            v[visits] = self.parts[visits] = self.parts.get(visits, 0) + more
            v[people] = self.parts[people] = self.parts.get(people, 0) + more + self.count(1)
        v["TCD01"] = v["TCD04"] + v["TCD13"] + v["TCD22"]
        v["TCD02"] = v["TCD05"] + v["TCD14"] + v["TCD23"]
        v["DT01"] = 1 + self.grow("DT01", 1)
        v["DT02"], v["DT04"], v["DT05"] = self.grow("DT02", 60), self.grow("DT04", 5), self.count(2)
        v["DT03"] = v["DT04"] + v["DT05"]
        self.parts["DT03"] = max(self.parts.get("DT03", 0), v["DT03"])
        if v["DT03"] < self.parts["DT03"]:  # cumulative too
            v["DT04"] = self.parts["DT04"] = v["DT04"] + self.parts["DT03"] - v["DT03"]
            v["DT03"] = self.parts["DT03"]
        v["XLD02"], v["XLD03"] = self.keep("XLD02", 2), self.grow("XLD03", 6)
        v["XLD01"] = v["XLD02"] + v["XLD03"]
        v["XLD04"] = self.settled("XLD04", v["XLD01"])
        v["XLD05"] = v["XLD01"] - v["XLD04"]
        v["KN02"], v["KN03"] = self.keep("KN02", 1), self.grow("KN03", 2)
        v["KN01"] = v["KN02"] + v["KN03"]
        v["KN04"] = self.settled("KN04", v["KN01"])
        v["KN05"] = self.settled("KN05", v["KN04"])
        v["KN06"] = v["KN01"] - v["KN04"]
        v["HC02"], v["HC03"] = self.grow("HC02", 300), self.grow("HC03", 400)
        v["HC04"] = self.keep("HC04", 20)
        v["HC01"] = v["HC02"] + v["HC03"] + v["HC04"]
        v["HC06"] = self.settled("HC06", v["HC01"] * 7 // 10)
        v["HC07"] = self.settled("HC07", v["HC01"] * 2 // 10)
        v["HC08"] = self.settled("HC08", v["HC01"] // 50)
        v["HC05"] = v["HC06"] + v["HC07"] + v["HC08"]
        v["HC09"] = v["HC01"] - v["HC05"]
        v["HC11"] = v["HC09"] // 40
        v["HC10"] = v["HC09"] - v["HC11"]
        for done, registered in (("DVK21", "DVK11"), ("DVK22", "DVK12"), ("DVK23", "DVK13"),
                                 ("DVK24", "DVK14")):
            v[registered] = self.grow(registered, 1)
            v[done] = self.settled(done, v[registered])
        v["DVK01"] = v["DVK11"] + v["DVK12"] + v["DVK13"] + v["DVK14"]
        v["DVK02"] = v["DVK21"] + v["DVK22"] + v["DVK23"] + v["DVK24"]
        v["DVK06"] = self.settled("DVK06", v["DVK02"] // 2)
        v["DVK05"] = v["DVK02"] - v["DVK06"]
        v["DG01"] = f"{r.randint(60, 99)}.{r.randint(0, 99):02}"
        if self.is_commune:
            self.commune_only(v)
        return {code: str(value) for code, value in v.items()}

    def commune_only(self, v):
        r = self.random
        for code, mean in (("DB06", 900), ("DB07", 150)):
            v[code] = self.grow(code, mean) * 1000000
        v["DB05"] = v["DB06"] + v["DB07"] + self.grow("DB05", 80) * 1000000
        v["HG01"] = self.parts.setdefault("HG01", r.randint(3, 12))
        v["HG02"] = self.parts.setdefault("HG02", v["HG01"] * r.randint(3, 7))
        v["HG04"], v["HG05"] = self.keep("HG04", 1), self.grow("HG05", 4)
        v["HG03"] = v["HG04"] + v["HG05"]
        v["HG06"] = self.settled("HG06", v["HG03"] * 8 // 10)
        v["HG07"] = self.settled("HG07", v["HG03"] // 10)
        v["HG08"] = v["HG03"] - v["HG06"] - v["HG07"]
        hundredths = self.grow("BTT09", 900)
        v["BTT09"] = f"{hundredths // 100}.{hundredths % 100:02}"

    def texts(self):
        texts = {"TX01": "Đã triển khai kế hoạch đến các thôn, làng; duy trì tiếp công dân."}
        if self.random.random() < 0.5:
            texts["TX02"] = "Địa bàn rộng, cán bộ kiêm nhiệm."
        if self.random.random() < 0.3:
            texts["TX04"] = "Đề nghị tỉnh tập huấn nghiệp vụ dân vận cho cấp xã."
        return texts
